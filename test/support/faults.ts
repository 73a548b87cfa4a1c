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

export interface FaultBeside {
  /** Arrived, and none of the fault's business. */
  readonly bystander: string;
  readonly payments: readonly string[];
  readonly topCause: string | null;
}

/** The fault, old enough to be found, beside a payment that arrived. */
export async function injectBeside(lab: Lab, id: string): Promise<FaultBeside> {
  const { generation = 'newest', startsFrom = 'warm', expects } = await loadFault(id);
  await lab.reset({ generation, warm: startsFrom === 'warm' });
  const arrived = async (partition?: number): Promise<string> => {
    const [payment = ''] = await lab.pay(partition === undefined ? {} : { partition });
    await lab.waitForSessions([payment]);
    return payment;
  };
  // A young platform is made anew for its fault, so the bystander comes after it, by another partition.
  const before = startsFrom === 'warm' ? await arrived() : null;
  const { payments } = await lab.fault(id);
  const bystander = before ?? (await arrived(await freePartition(lab, payments)));
  await lab.waitForAge([...payments, bystander], FINDING_AGE_MS);
  return { bystander, payments, topCause: expects.topCause };
}

async function freePartition(lab: Lab, payments: readonly string[]): Promise<number> {
  const records = await lab.kafka.records('purchase-confirmed');
  const taken = records.filter(({ key }) => key !== null && payments.includes(key));
  return [0, 1, 2].find((number) => taken.every(({ partition }) => partition !== number)) ?? 0;
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
