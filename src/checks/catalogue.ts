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
  groupStable,
  committedInsideLog,
  recordsBeingRead,
  noRecordBlocks,
  databaseAnswers,
  tablesPresent,
  guardsPresent,
  duplicatesAbsent,
  eventIdFits,
  workersFit,
];
