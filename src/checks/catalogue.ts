import { adminAnswers } from './allocation/admin-answers.ts';
import { callsLeaveRows } from './allocation/calls-leave-rows.ts';
import { callsSucceed } from './allocation/calls-succeed.ts';
import { oneLiveRow } from './allocation/one-live-row.ts';
import { trainersAssigned } from './allocation/trainers-assigned.ts';
import type { Check } from './check.ts';
import { brokerAddressUsable } from './containers/broker-address-usable.ts';
import { cacheReachesRedis } from './containers/cache-reaches-redis.ts';
import { consumersAlive } from './containers/consumers-alive.ts';
import { kafkaRunning } from './containers/kafka-running.ts';
import { runtimeAnswers } from './containers/runtime-answers.ts';
import { servicesRunning } from './containers/services-running.ts';
import { topicInitFinished } from './containers/topic-init-finished.ts';
import { workersDeployed } from './containers/workers-deployed.ts';
import { workersReachKafka } from './containers/workers-reach-kafka.ts';
import { workersReachPostgres } from './containers/workers-reach-postgres.ts';
import { workersRunning } from './containers/workers-running.ts';
import { workersSteady } from './containers/workers-steady.ts';
import { allocationsAnnounced } from './events/allocations-announced.ts';
import { clocksAgree } from './events/clocks-agree.ts';
import { deadLettersSettled } from './events/dead-letters-settled.ts';
import { endedPurchasesStayEnded } from './events/ended-purchases-stay-ended.ts';
import { marksByOwner } from './events/marks-by-owner.ts';
import { marksMatchRows } from './events/marks-match-rows.ts';
import { marksReachKafka } from './events/marks-reach-kafka.ts';
import { noHandMadeRows } from './events/no-hand-made-rows.ts';
import { onePaymentPerPurchase } from './events/one-payment-per-purchase.ts';
import { paymentsAnnounced } from './events/payments-announced.ts';
import { paymentsNameCourse } from './events/payments-name-course.ts';
import { purchasesAnnounced } from './events/purchases-announced.ts';
import { readsLeaveEffects } from './events/reads-leave-effects.ts';
import { sessionsExist } from './events/sessions-exist.ts';
import { commitsNotExpiring } from './offsets/commits-not-expiring.ts';
import { committedInsideLog } from './offsets/committed-inside-log.ts';
import { groupKnown } from './offsets/group-known.ts';
import { groupStable } from './offsets/group-stable.ts';
import { noRecordBlocks } from './offsets/no-record-blocks.ts';
import { recordsBeingRead } from './offsets/records-being-read.ts';
import { databaseAnswers } from './schema/database-answers.ts';
import { duplicatesAbsent } from './schema/duplicates-absent.ts';
import { eventIdFits } from './schema/event-id-fits.ts';
import { guardsPresent } from './schema/guards-present.ts';
import { tablesPresent } from './schema/tables-present.ts';
import { workersFit } from './schema/workers-fit.ts';
import { brokerAnswers } from './topics/broker-answers.ts';
import { expectedExist } from './topics/expected-exist.ts';
import { partitionCount } from './topics/partition-count.ts';
import { partitionsLed } from './topics/partitions-led.ts';

/** Every check, in the order of the report. */
export const CATALOGUE: readonly Check[] = [
  runtimeAnswers,
  kafkaRunning,
  topicInitFinished,
  workersDeployed,
  workersRunning,
  workersSteady,
  consumersAlive,
  servicesRunning,
  brokerAddressUsable,
  workersReachKafka,
  workersReachPostgres,
  cacheReachesRedis,
  brokerAnswers,
  expectedExist,
  partitionsLed,
  partitionCount,
  groupKnown,
  commitsNotExpiring,
  groupStable,
  committedInsideLog,
  recordsBeingRead,
  noRecordBlocks,
  paymentsNameCourse,
  paymentsAnnounced,
  marksReachKafka,
  readsLeaveEffects,
  marksMatchRows,
  purchasesAnnounced,
  allocationsAnnounced,
  sessionsExist,
  marksByOwner,
  deadLettersSettled,
  noHandMadeRows,
  onePaymentPerPurchase,
  endedPurchasesStayEnded,
  clocksAgree,
  adminAnswers,
  callsSucceed,
  callsLeaveRows,
  trainersAssigned,
  oneLiveRow,
  databaseAnswers,
  tablesPresent,
  guardsPresent,
  duplicatesAbsent,
  eventIdFits,
  workersFit,
];
