import { runTitle, type StepStatus } from '../platform/runs.ts';
import type { PhaseRecord, RunRecord } from '../repair/runs.ts';
import { humanPlan } from './human-plan.ts';
import { type Pen, pen, type Status } from './pen.ts';
import type { Presentation, RepairResult } from './result.ts';
import { dateTime } from './text.ts';

/** The plan, what became of each step, and last the sentence that matters. */
export function humanRepair(result: RepairResult, view: Presentation): string {
  const ink = pen(view);
  const { plan, run, headline } = result;
  const blocks = [
    ...(plan === null ? [] : [humanPlan(plan, view).trimEnd().split('\n')]),
    ...(run?.phases ?? []).map((phase) => phaseLines(phase, ink)),
    (run?.reasons ?? []).flatMap((reason) => symbolLines('fail', '  ', reason, ink)),
    (run?.stays ?? []).flatMap((text) => symbolLines('warn', '  ', text, ink)),
    nextLines(result, ink),
    ink.wrap(headline, '  ').map((line) => ink.chalk.bold(line)),
  ];
  return `${shown(blocks)}${afterLines(result, ink)}`;
}

/** What the last look found, where nothing was done after it. */
function afterLines({ run, after }: RepairResult, ink: Pen): string {
  if (after === null || (run?.outcome !== 'fixed' && run?.outcome !== 'remaining')) return '';
  const found = after.headline.replace(/ \(exit \d+\)$/, '');
  return `${ink.wrap(found, '  ').join('\n')}\n`;
}

const STATUS_OF: Readonly<Record<StepStatus, Status>> = {
  done: 'pass',
  'not-done': 'fail',
  intended: 'unknown',
  unknown: 'unknown',
};

function phaseLines({ phase, isUndo, plan, steps }: PhaseRecord, ink: Pen): readonly string[] {
  const title = isUndo ? 'taken back' : `plan ${plan.id}${phase > 1 ? `, phase ${phase}` : ''}`;
  return [
    ...ink.wrap(`  ${title}`, '    '),
    ...plan.steps.flatMap((step) => {
      const known = steps.get(step.number);
      if (step.action.kind === 'instruct') return [];
      const status = known === undefined ? 'skipped' : STATUS_OF[known.status];
      const words = known === undefined ? 'not begun' : `${wordOf(known.status)}: ${known.data.text}`;
      return symbolLines(status, '    ', `${step.number}  ${step.title} (${words})`, ink);
    }),
  ];
}

/** A symbol is coloured already: only what stands beside it is made fit for the terminal. */
function symbolLines(status: Status, indent: string, text: string, ink: Pen): readonly string[] {
  const hang = `${indent}  `;
  const [first = '', ...rest] = ink.wrap(text, '', ink.view.width - hang.length);
  return [`${indent}${ink.symbol(status)} ${first}`, ...rest.map((line) => `${hang}${line}`)];
}

function wordOf(status: StepStatus): string {
  switch (status) {
    case 'done':
      return 'done';
    case 'not-done':
      return 'not done';
    case 'intended':
      return 'begun, outcome not known';
    case 'unknown':
      return 'outcome not known';
    default:
      return status satisfies never;
  }
}

function nextLines({ run, plan, exitCode }: RepairResult, ink: Pen): readonly string[] {
  if (run === null) {
    const isPlanned = plan?.steps.some(({ action }) => action.kind !== 'instruct') === true;
    const flag = plan?.confirm == null ? '--yes' : `--confirm ${plan.confirm}`;
    return isPlanned ? [`  next  kc-doctor fix ${ink.text(flag)}`] : [];
  }
  switch (run.outcome) {
    case 'interrupted':
      return [`  next  kc-doctor fix --resume ${run.run}`, `        kc-doctor undo ${run.run}`];
    case 'fixed':
    case 'undone':
    case 'stale':
      return exitCode === 0 ? [] : ['  next  kc-doctor fix'];
    case 'remaining':
    case 'needs-person':
      return ['  next  kc-doctor', `        kc-doctor history ${run.run}`];
    default:
      return run.outcome satisfies never;
  }
}

/** Newest first; one run is shown with its steps. */
export function humanHistory(runs: readonly RunRecord[], view: Presentation, withSteps: boolean): string {
  const ink = pen(view);
  if (runs.length === 0) return `${ink.wrap('no run is in the journal', '').join('\n')}\n`;
  const blocks = runs.map((run) => [
    ...ink.wrap(historyLine(run, view), '      '),
    ...(withSteps ? run.phases.flatMap((phase) => phaseLines(phase, ink)) : []),
  ]);
  return withSteps ? shown(blocks) : `${blocks.flat().join('\n')}\n`;
}

function historyLine(
  { run, operator, phases, end, lastAtMs }: RunRecord,
  { timeZone }: Presentation,
): string {
  const [first] = phases;
  const payments = new Set(phases.flatMap(({ plan }) => plan.payments)).size;
  const ended =
    end === null
      ? `left at ${dateTime(lastAtMs, timeZone)}: kc-doctor fix --resume ${run}, or kc-doctor undo ${run}`
      : `${end.kind}${end.text === '' ? '' : `: ${end.text}`}`;
  const why = first.reason === null ? '' : ` (${first.reason})`;
  return `${run}  ${dateTime(first.openedAtMs, timeZone)}  ${operator}  ${runTitle(first.plan.steps, payments)}${why}  ${ended}`;
}

function shown(blocks: readonly (readonly string[])[]): string {
  const filled = blocks.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
