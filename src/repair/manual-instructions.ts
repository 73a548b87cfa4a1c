import type { RankedCause } from '../causes/cause.ts';
import type { PaymentId } from '../platform/ids.ts';
import { type StageDefinition, stageDefinition } from '../platform/pipeline.ts';
import type { DraftStep } from './plan.ts';
import { NOTHING_TO_DO, type Repair } from './repair.ts';

const ID = 'manual-instructions';

interface Instruction {
  /** What a person changes. */
  readonly change: string;
  readonly command: string;
  /** Check that passes afterwards, and by when. */
  readonly verify: string;
}

/** `at`: the worker that the cause is about; of a cause without a stage there is none to name. */
type Write = (at: StageDefinition | null) => Instruction;

const workerOf = (at: StageDefinition | null): string => at?.worker ?? 'the workers';
const logs = (at: StageDefinition | null): string =>
  at === null
    ? 'kc-doctor --verbose'
    : `docker logs --tail 100 $(docker ps -aq --filter label=com.docker.compose.service=${at.worker})`;

const adminService: Write = () => ({
  change:
    'repair admin-service; the blocked records retry themselves, so replay nothing. Its "API Error:" and "Auto Assignment:" lines say what is wrong',
  command: 'docker logs --tail 200 kodingcaravan-admin-service | grep -E "API Error|Auto Assignment"',
  verify: 'allocation/admin-answers and allocation/calls-succeed, within 10 min',
});

const reachable = (what: string, check: string): Write => {
  return (at) => ({
    change: `correct the address or the credentials of ${what} in the environment of ${workerOf(at)}, then recreate its container`,
    command: `docker compose up -d --force-recreate ${at?.worker ?? ''}`.trimEnd(),
    verify: `${check}, within 5 min`,
  });
};

const decision: Write = () => ({
  change:
    'refund it, change what was bought, or end what should not be: a business decision, nothing is lost in the pipeline',
  command: 'kc-doctor trace <paymentId>',
  verify: 'events/one-payment-per-purchase, once a person has decided',
});

/** catalogue.md 4, manual-instructions: every cause that a person settles, alone or before a machine goes on. */
const INSTRUCTIONS: Readonly<Record<string, Write>> = {
  'worker-not-deployed': (at) => ({
    change: `add ${workerOf(at)} to docker-compose.yml and create its container without starting it: started before its group has an offset, it skips what waits. kc-doctor fix then sets the offsets and starts it`,
    command: `docker compose create ${at?.worker ?? ''} && kc-doctor fix`,
    verify: 'containers/workers-deployed, at the next run',
  }),
  'worker-crash-loop': (at) => ({
    change: `read why ${workerOf(at)} dies and correct that, or deploy the present image; the record retries itself`,
    command: logs(at),
    verify: 'containers/workers-steady, within 10 min',
  }),
  'old-worker-image': (at) => ({
    change: `deploy the present image of ${workerOf(at)}; the record retries itself`,
    command: `docker compose pull ${at?.worker ?? ''} && docker compose up -d ${at?.worker ?? ''}`,
    verify: 'schema/workers-fit, within 10 min',
  }),
  'consumer-dead-in-running-container': (at) => ({
    change: `find the record on which ${workerOf(at)} died and correct who sends such records, or the date in it; a restart alone dies on it again, so the record has to be passed`,
    command: logs(at),
    verify: 'containers/consumers-alive, once the record is passed',
  }),
  'evicted-while-working': (at) => ({
    change: `let the handler of ${workerOf(at)} come to its end, and shorten it; commit nothing meanwhile`,
    command: logs(at),
    verify: 'offsets/records-being-read, within 10 min',
  }),
  'worker-cannot-reach-kafka': reachable('Kafka', 'containers/workers-reach-kafka'),
  'worker-cannot-reach-postgres': reachable('Postgres', 'containers/workers-reach-postgres'),
  'redis-failing': reachable('Redis', 'containers/cache-reaches-redis'),
  'kafka-down': () => ({
    change: 'start the broker that holds the data and keep its volume; the workers join again by themselves',
    command: 'docker compose up -d kafka',
    verify: 'topics/broker-answers, within 5 min',
  }),
  'partition-without-leader': (at) => ({
    change: 'start the broker that holds the partition and keep its volume',
    command: `kafka-topics --bootstrap-server $KAFKA_BROKERS --describe --topic ${at?.topics[0] ?? '<topic>'}`,
    verify: 'topics/partitions-led, within 5 min',
  }),
  'slow-worker': (at) => ({
    change: `give ${workerOf(at)} more capacity, or time: the data needs no repair`,
    command: `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --describe --group ${at?.group ?? '<group>'}`,
    verify: 'offsets/records-being-read, within 1 h',
  }),
  'rebalancing-loop': (at) => ({
    change: 'end the member that comes and goes: the data needs no repair',
    command: `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --describe --group ${at?.group ?? '<group>'} --members`,
    verify: 'offsets/group-stable, within 1 h',
  }),
  'wrong-group-id': (at) => ({
    change: `correct the group id of ${workerOf(at)}: it must be ${at?.group ?? 'the documented one'}`,
    command: `docker compose up -d --force-recreate ${at?.worker ?? ''}`.trimEnd(),
    verify: 'offsets/group-known, within 5 min',
  }),
  'stranger-in-group': (at) => ({
    change: `stop the foreign client in ${at?.group ?? 'the group'}; what it took is replayed afterwards`,
    command: `kafka-consumer-groups --bootstrap-server $KAFKA_BROKERS --describe --group ${at?.group ?? '<group>'} --members`,
    verify: 'offsets/members-are-ours, within 5 min',
  }),
  'misrouted-records': (at) => ({
    change: 'correct the key or the partitioner of who sends these records',
    command: `kafka-console-consumer --bootstrap-server $KAFKA_BROKERS --topic ${at?.topics[0] ?? '<topic>'} --property print.key=true --property print.partition=true --max-messages 20`,
    verify: 'topics/keys-route-home, with the next record',
  }),
  'poison-record': (at) => ({
    change: `correct the handler of ${workerOf(at)} or the data that it fails on: the record then passes by itself`,
    command: logs(at),
    verify: 'offsets/no-record-blocks, within 10 min',
  }),
  'event-id-too-narrow': () => ({
    change: 'make processed_events.event_id a text column',
    command: `psql "$POSTGRES_URL" -c 'alter table processed_events alter column event_id type text'`,
    verify: 'schema/event-id-fits, within 10 min',
  }),
  'payment-without-course': decision,
  'repeat-payment': decision,
  'revived-purchase': decision,
  'admin-unreachable': (at) => ({ ...adminService(at), command: 'docker compose up -d admin-service' }),
  'admin-server-error': adminService,
  'admin-rejects-request': adminService,
  'admin-timeout': adminService,
  'admin-silent-failure': adminService,
  'no-trainer-available': (at) => ({
    change:
      'read the "Auto Assignment:" lines (an exception ends as a pending allocation too) and assign a trainer; the sessions follow, without an event',
    command: logs(at),
    verify: 'allocation/trainers-assigned, once a person has assigned one',
  }),
  'null-trainer-poison': (at) => ({
    change:
      'read the "Auto Assignment:" lines, assign a trainer to one of the pending allocations and close the others: the record then passes',
    command: logs(at),
    verify: 'allocation/trainers-assigned, once a person has assigned one',
  }),
  'clock-skew': () => ({
    change: 'repair the time synchronisation of the host that is named',
    command: 'timedatectl status',
    verify: 'events/clocks-agree, within 10 min',
  }),
  'something-else': () => ({
    change: 'keep what was seen, read the unknown error, and look at what would tell the next causes apart',
    command: 'kc-doctor snapshot -o incident.json',
    verify: 'kc-doctor, once a person has found it',
  }),
};

export const manualInstructions: Repair = {
  id: ID,
  title: 'Tell a person what to do',
  risk: 'safe',
  offeredFor: Object.keys(INSTRUCTIONS),
  explain:
    'Changes nothing: says what a person has to change, the command that helps, the check that must pass afterwards, and the evidence for it. The next run of kc-doctor verifies.',
  plan: (_state, { cause, payments }) =>
    cause === null ? NOTHING_TO_DO : { ...NOTHING_TO_DO, steps: [instructStep(cause, payments, [])] },
};

/** Repairs of the catalogue that this version does not do: the same by hand (catalogue.md 4). */
const BY_HAND: Readonly<Record<string, Write>> = {
  'quarantine-record': (at) => ({
    change: `save the record that ${workerOf(at)} fails on with its headers, stop the worker, wait until ${at?.group ?? 'its group'} is Empty, commit the offset behind that one record, start the worker, and settle its payment by hand`,
    command: `kafka-console-consumer --bootstrap-server $KAFKA_BROKERS --topic ${at?.topics[0] ?? '<topic>'} --partition <partition> --offset <offset> --max-messages 1 --property print.key=true --property print.headers=true`,
    verify: 'offsets/no-record-blocks, within 3 min',
  }),
  'redrive-dead-letters': (at) => ({
    change: `once the reason is mended, produce each original event again under its own key and event id to ${at?.topics[0] ?? 'its topic'}; the letters stay`,
    command:
      'kafka-console-consumer --bootstrap-server $KAFKA_BROKERS --topic dead-letter-queue --from-beginning --timeout-ms 5000 --property print.key=true',
    verify: 'events/dead-letters-settled, within 5 min',
  }),
  'create-sessions': () => ({
    change:
      'let admin-service make the missing sessions of the allocation; nobody is told, so the pages of that student stay old',
    command: 'curl -X POST $ADMIN_SERVICE_URL/api/v1/admin/allocations/{allocationId}/create-sessions',
    verify: 'events/sessions-exist, within 1 min',
  }),
  'trigger-allocation': () => ({
    change:
      'let admin-service assign a trainer once, after looking that the pair has no allocation; never repeat a call whose answer was lost',
    command: `curl -X POST $ADMIN_SERVICE_URL/api/v1/admin/allocations/auto-assign -H 'content-type: application/json' -d '{"studentId":"…","courseId":"…","timeSlot":"4:00 PM","date":"YYYY-MM-DD"}'`,
    verify: 'allocation/calls-leave-rows, within 2 min',
  }),
  'create-missing-indexes': () => ({
    change:
      'create the unique index that is missing, one at a time and concurrently, after counting that no rows break it',
    command: `psql "$POSTGRES_URL" -c 'create unique index concurrently if not exists unique_active_purchase on student_course_purchases(student_id, course_id) where is_active'`,
    verify: 'schema/guards-present, at the next run',
  }),
  'invalidate-student-cache': () => ({
    change: 'drop the two cached pages of the student: they rebuild themselves',
    command: 'redis-cli -u $REDIS_URL del student:home:{studentId} student:learning:{studentId}',
    verify: 'containers/cache-reaches-redis, at once',
  }),
};

const NO_WAY: Instruction = {
  change: 'no repair is offered for this',
  command: 'kc-doctor snapshot -o incident.json',
  verify: 'kc-doctor, once a person has settled it',
};

/** `missing`: repairs of the catalogue for this cause that this version cannot do, best first. */
export function instructStep(
  cause: RankedCause,
  payments: readonly PaymentId[],
  missing: readonly string[],
): DraftStep {
  const at = cause.stage === null ? null : stageDefinition(cause.stage);
  const { change, command, verify } = instructionFor(cause, at, missing);
  const isUnsettled = cause.level === 'possible' || cause.level === 'unlikely';
  const notes = [
    ...(missing.length > 0 ? [`not in this version of kc-doctor: ${missing.join(', ')}`] : []),
    ...(isUnsettled && cause.probe !== '' ? [`what would settle whether it is so: ${cause.probe}`] : []),
  ];
  return {
    repair: ID,
    stage: cause.stage,
    title: `by hand: ${cause.title}`,
    action: {
      kind: 'instruct',
      cause: cause.id,
      text: [change, ...notes].join('; '),
      verify,
      evidence: cause.evidence.filter((item) => item.for).map(({ text }) => text),
      payments: [...payments].toSorted(),
    },
    before: cause.stage === null ? cause.id : `${cause.id}@${cause.stage}`,
    after: verify,
    whySafe: 'kc-doctor changes nothing here',
    reversibility: 'reads-only',
    risk: 'safe',
    precondition: { kind: 'none' },
    byHand: command,
  };
}

function instructionFor(
  cause: RankedCause,
  at: StageDefinition | null,
  missing: readonly string[],
): Instruction {
  const own = INSTRUCTIONS[cause.id];
  if (own !== undefined) return own(at);
  const byHand = missing.map((repair) => BY_HAND[repair]).find((write) => write !== undefined);
  return byHand?.(at) ?? NO_WAY;
}
