import { parseArgs } from 'node:util';
import { faultIds, loadFault } from './faults/catalogue.ts';
import { attachLab, type Lab, type LabOptions, openLab, removeLab } from './lab.ts';
import { GENERATIONS, isWorker } from './platform.ts';

const USAGE = `npm run lab -- <command> [--name <lab>]

  up [--generation newest|older] [--workers a,b] [--warm]
  down
  status
  pay [n] [--partition 0|1|2]
  fault <id>        without an id: lists them
  heal
  reset [--warm]`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      generation: { type: 'string' },
      workers: { type: 'string' },
      partition: { type: 'string' },
      warm: { type: 'boolean' },
    },
  });
  const [command, argument] = positionals;
  const which = values.name === undefined ? {} : { name: values.name };
  switch (command) {
    case 'up':
      await up({ ...which, ...upOptions(values) });
      return;
    case 'down':
      await removeLab(which);
      return;
    case 'status':
      await attached(which, printStatus);
      return;
    case 'pay': {
      const partition = values.partition === undefined ? {} : { partition: Number(values.partition) };
      await attached(which, async (lab) => {
        for (const id of await lab.pay({ count: Number(argument ?? 1), ...partition })) say(id);
      });
      return;
    }
    case 'fault':
      if (argument === undefined) await listFaults();
      else await attached(which, async (lab) => printFault(argument, await lab.fault(argument)));
      return;
    case 'heal':
      await attached(which, (lab) => lab.heal());
      return;
    case 'reset':
      await attached(which, (lab) => lab.reset({ warm: values.warm === true }));
      return;
    default:
      say(USAGE);
      process.exitCode = 2;
  }
}

function upOptions(values: { generation?: string; workers?: string; warm?: boolean }): LabOptions {
  const generation = GENERATIONS.find((known) => known === values.generation);
  if (values.generation !== undefined && generation === undefined) {
    throw new Error(`--generation is one of ${GENERATIONS.join(', ')}`);
  }
  const workers = values.workers?.split(',');
  const unknown = workers?.find((worker) => !isWorker(worker));
  if (unknown !== undefined) throw new Error(`no worker ${unknown}`);
  return {
    ...(generation === undefined ? {} : { generation }),
    ...(workers === undefined ? {} : { workers: workers.filter(isWorker) }),
    warm: values.warm === true,
  };
}

async function up(options: LabOptions): Promise<void> {
  const lab = await openLab({ ...options, onProgress: say });
  try {
    say(`\ncd ${lab.projectDirectory}`);
    say(`kc-doctor --config ${lab.configFile}`);
  } finally {
    await lab.close();
  }
}

async function attached(which: Pick<LabOptions, 'name'>, action: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await attachLab(which);
  try {
    await action(lab);
  } finally {
    await lab.close();
  }
}

async function printStatus(lab: Lab): Promise<void> {
  const status = await lab.status();
  say(`lab ${status.name}, ${status.generation}, fault ${status.fault ?? 'none'}, in ${lab.directory}`);
  for (const { service, status: state, exitCode, restartCount } of status.services) {
    const code = state === 'exited' ? ` (${exitCode})` : '';
    say(`  ${service.padEnd(20)} ${state}${code}${restartCount > 0 ? `, ${restartCount} restarts` : ''}`);
  }
  for (const { group, state, members } of status.groups)
    say(`  ${group.padEnd(28)} ${state}, ${members} member(s)`);
  say(`  ${status.payments} payments, ${status.undelivered.length} undelivered`);
  for (const id of status.undelivered.slice(0, 10)) say(`    ${id}`);
}

async function listFaults(): Promise<void> {
  for (const id of await faultIds()) {
    const fault = await loadFault(id);
    say(`${id}  ${(fault.expects.topCause ?? 'healthy').padEnd(44)} ${fault.title}`);
  }
}

function printFault(id: string, injected: { readonly payments: readonly string[] }): void {
  say(`${id} is in, it hurts ${injected.payments.length} payment(s)`);
  for (const payment of injected.payments) say(payment);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader (head, a pager) has seen enough.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) process.stderr.write(`  because: ${cause.message}\n`);
  process.exitCode = 1;
});
