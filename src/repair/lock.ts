import { RefusedError } from '../errors.ts';
import { runTitle } from '../platform/runs.ts';
import type { Identity, PlatformState } from '../platform/state.ts';
import type { Lock, RunLedgerOperator } from '../ports/run-ledger.ts';
import type { Plan } from './plan.ts';

export interface LockRequest {
  readonly run: string;
  readonly operator: string;
  readonly host: string;
}

/** Throws RefusedError that names who holds it, what for and since when. */
export function takeLock(
  ledger: RunLedgerOperator,
  plan: Plan,
  { run, operator, host }: LockRequest,
  signal: AbortSignal,
): Promise<Lock> {
  const identity: Identity = {
    ...plan.identity,
    dockerAddress: null,
    kafkaAddress: null,
    databaseAddress: null,
    belongsTogether: { verdict: 'not-provable', proofs: [] },
  };
  const title = runTitle(plan.steps, plan.payments.length);
  return ledger.lock(identity, { run, operator, host, title }, signal);
}

const BOUND = [
  ['composeProject', 'compose project'],
  ['dockerDaemonId', 'Docker daemon'],
  ['kafkaClusterId', 'Kafka cluster'],
  ['databaseSystemId', 'database server'],
  ['databaseOid', 'database'],
  ['databaseName', 'database'],
] as const satisfies readonly (readonly [keyof Plan['identity'], string])[];

/** design.md 4.1: a plan is bound to one platform, whose parts were proved to belong together. Throws RefusedError. */
export function refuseOtherPlatform(plan: Plan, { identity, database }: PlatformState): void {
  const { verdict, proofs } = identity.belongsTogether;
  if (verdict === 'contradicted') {
    const contradicting = proofs.filter(({ outcome }) => outcome === 'contradicts').map(({ text }) => text);
    throw new RefusedError(
      'KC_NOT_ONE_PLATFORM',
      'these are parts of different platforms',
      'check which env file was read (kc-doctor config), --project-dir, DOCKER_HOST and --env',
      { details: contradicting },
    );
  }
  if (verdict === 'not-provable') {
    throw new RefusedError(
      'KC_PLATFORM_UNPROVED',
      'nothing shows that Docker, Kafka and Postgres are one platform, so nothing is changed',
      'give the missing access; kc-doctor shows in its head line what could be compared',
      { details: proofs.map(({ text }) => text) },
    );
  }
  if (database.kind === 'unseen') {
    throw new RefusedError('KC_PLATFORM_UNPROVED', `Postgres: ${database.gap.reason}`, database.gap.hint);
  }
  if (database.value.inRecovery) {
    throw new RefusedError(
      'KC_READ_REPLICA',
      'the database is a read replica, which may lag behind what was already done',
      'give the address of the primary (POSTGRES_URL)',
    );
  }
  refuseOtherIdentity(plan, identity);
}

/** Throws RefusedError that names the part which is another one. */
export function refuseOtherIdentity(plan: Pick<Plan, 'identity'>, identity: Plan['identity']): void {
  for (const [key, called] of BOUND) {
    if (plan.identity[key] === identity[key]) continue;
    throw new RefusedError(
      'KC_OTHER_PLATFORM',
      `the plan was made for another ${called} (${plan.identity[key] ?? 'none'}, now ${identity[key] ?? 'none'})`,
      'make a new plan: kc-doctor fix --dry-run',
    );
  }
}
