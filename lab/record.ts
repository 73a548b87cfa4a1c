import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Lab, openLab, removeLab } from './lab.ts';

/**
 * Records the incidents that `npm run demo` plays: the write-ups' payments, ids included, on a real platform, looked at with the
 * default thresholds before anybody repaired anything.
 */
const BIN = fileURLToPath(new URL('../bin/kc-doctor.js', import.meta.url));
const INCIDENTS = new URL('../incidents/', import.meta.url);
const STUDENT = '809556c1-e184-4b85-8fd6-a5f1c8014bf6';
const COURSE = 'ebefde63-8a3a-4d45-a594-c04275a03092';
/** Longest grace of the defaults (allocation row, 120 s) and some slack. */
const FINDING_AGE_MS = 130_000;

interface Incident {
  readonly name: string;
  readonly generation: 'older' | 'newest';
  /** Exit code that the recording must come to. */
  readonly expects: number;
  readonly play: (lab: Lab) => Promise<void>;
}

const INCIDENTS_TO_RECORD: readonly Incident[] = [
  {
    name: 'healthy',
    generation: 'newest',
    expects: 0,
    play: async (lab) => {
      await lab.waitForSessions(await lab.pay(3));
      await lab.waitForIdle();
    },
  },
  {
    name: 'why-purchase-not-created',
    generation: 'older',
    expects: 1,
    play: async (lab) => {
      await lab.waitForSessions(await lab.pay(2));
      await lab.waitForIdle();
      await lab.remove('purchase-worker', { fromCompose: true });
      const payments = [
        ...(await lab.pay({ paymentId: 'a77870aa-8166-4a69-a979-058270611107', studentId: STUDENT })),
        ...(await lab.pay({
          paymentId: '5dc56599-cd44-4672-ab73-2bf7f789ef34',
          studentId: STUDENT,
          courseId: COURSE,
        })),
      ];
      await lab.waitForAge(payments, FINDING_AGE_MS);
    },
  },
  {
    name: 'root-cause-analysis',
    generation: 'older',
    expects: 1,
    play: async (lab) => {
      await lab.waitForSessions(await lab.pay(2));
      await lab.waitForIdle();
      await lab.remove('allocation-worker', { fromCompose: true });
      const payments = await lab.pay({
        paymentId: '1fa90c93-ea40-4ba9-a7bf-4ed47e735b91',
        studentId: STUDENT,
        courseId: COURSE,
      });
      await lab.waitForAge(payments, FINDING_AGE_MS);
    },
  },
];

for (const incident of INCIDENTS_TO_RECORD) {
  const lab = await openLab({ generation: incident.generation });
  try {
    await lab.reset({ generation: incident.generation, warm: true });
    await incident.play(lab);
    const file = fileURLToPath(new URL(`${incident.name}.json`, INCIDENTS));
    rmSync(file, { force: true });
    const run = spawnSync(process.execPath, [BIN, 'snapshot', '-o', file, '--project', lab.project], {
      cwd: lab.projectDirectory,
      stdio: 'inherit',
    });
    if (run.status !== incident.expects)
      throw new Error(`${incident.name}: exit ${run.status}, not ${incident.expects}`);
  } finally {
    await lab.close();
  }
}
await removeLab({});
