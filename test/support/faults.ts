import { loadFault } from '../../lab/faults/catalogue.ts';
import type { Lab } from '../../lab/lab.ts';
import type { DiagnosisDocument } from '../../src/report/schema.ts';
import { type DoctorRun, doctor, documentOf } from './doctor.ts';

type CohortDocument = DiagnosisDocument['cohorts'][number];
type CauseDocument = CohortDocument['causes'][number];

/** The longest grace of the lab's configuration (allocation row, 12 s) and the slack of one look. */
const FINDING_AGE_MS = 13_000;

export interface FaultLook {
  readonly expects: Awaited<ReturnType<typeof loadFault>>['expects'];
  readonly payments: readonly string[];
  readonly run: DoctorRun;
  readonly document: DiagnosisDocument;
  /** Cohorts that hold a payment of the fault. */
  readonly hurt: readonly CohortDocument[];
}

/** Runs the binary against the lab as its operator would. */
export function look(lab: Lab, ...args: readonly string[]): Promise<DoctorRun> {
  return doctor(['--json', '--project', lab.project, '--config', lab.configFile, ...args], {
    cwd: lab.projectDirectory,
  });
}

/** A platform of the fault's own generation and age, the fault in it, and one look. */
export async function injectAndLook(lab: Lab, id: string): Promise<FaultLook> {
  const fault = await loadFault(id);
  await lab.reset({
    generation: fault.generation ?? 'newest',
    warm: (fault.startsFrom ?? 'warm') === 'warm',
  });
  const { payments } = await lab.fault(id);
  if (payments.length > 0) await lab.waitForAge(payments, FINDING_AGE_MS);
  const run = await look(lab);
  const document = documentOf(run);
  const hurt = document.cohorts.filter((cohort) => cohort.payments.some((each) => payments.includes(each)));
  return { expects: fault.expects, payments, run, document, hurt };
}

/** As the catalogue writes it: with its stage where the expectation names one. */
export function nameOf(cause: CauseDocument | undefined, like: string | null): string {
  if (cause === undefined) return 'none';
  return like?.includes('@') ? `${cause.id}@${cause.stage}` : cause.id;
}

export function evidenceFor(cause: CauseDocument | undefined): string {
  return (cause?.evidence ?? [])
    .filter((item) => item.for)
    .map(({ text }) => text)
    .join('\n');
}
