import { adminRejectsRequest } from './admin-rejects-request.ts';
import { adminServerError } from './admin-server-error.ts';
import { adminSilentFailure } from './admin-silent-failure.ts';
import { adminTimeout } from './admin-timeout.ts';
import { adminUnreachable } from './admin-unreachable.ts';
import { cacheMarkBlocksSessions } from './cache-mark-blocks-sessions.ts';
import type { Cause } from './cause.ts';
import { committedBeforeLogStart } from './committed-before-log-start.ts';
import { consumerDead } from './consumer-dead-in-running-container.ts';
import { deadLettersUnsettled } from './dead-letters-unsettled.ts';
import { emissionLostAfterRow } from './emission-lost-after-row.ts';
import { eventIdTooNarrow } from './event-id-too-narrow.ts';
import { evictedWhileWorking } from './evicted-while-working.ts';
import { expiredOffsets } from './expired-offsets.ts';
import { forwardReset } from './forward-reset.ts';
import { guardSkips } from './guard-skips.ts';
import { handMadeRows } from './hand-made-rows.ts';
import { hungWorker } from './hung-worker.ts';
import { kafkaDown } from './kafka-down.ts';
import { markWithoutRecord } from './mark-without-record.ts';
import { marksBeforeVerify } from './marks-before-verify.ts';
import { misroutedRecords } from './misrouted-records.ts';
import { noCommittedOffset } from './no-committed-offset.ts';
import { noTrainerAvailable } from './no-trainer-available.ts';
import { nullTrainerPoison } from './null-trainer-poison.ts';
import { offsetAheadOfLog } from './offset-ahead-of-log.ts';
import { oldWorkerImage } from './old-worker-image.ts';
import { partitionWithoutLeader } from './partition-without-leader.ts';
import { paymentServiceNeverEmitted } from './payment-service-never-emitted.ts';
import { paymentWithoutCourse } from './payment-without-course.ts';
import { poisonRecord } from './poison-record.ts';
import { rebalancingLoop } from './rebalancing-loop.ts';
import { repeatPayment } from './repeat-payment.ts';
import { retentionRemovedUnread } from './retention-removed-unread.ts';
import { retryQueuePurchase } from './retry-queue-purchase.ts';
import { sentinelOffset } from './sentinel-offset.ts';
import { sessionFailureSwallowed } from './session-failure-swallowed.ts';
import { slowWorker } from './slow-worker.ts';
import { somethingElse } from './something-else.ts';
import { topicMissing } from './topic-missing.ts';
import { uniqueGuardMissing } from './unique-guard-missing.ts';
import { workerCannotReachKafka } from './worker-cannot-reach-kafka.ts';
import { workerCannotReachPostgres } from './worker-cannot-reach-postgres.ts';
import { workerCrashLoop } from './worker-crash-loop.ts';
import { workerNotDeployed } from './worker-not-deployed.ts';
import { workerStopped } from './worker-stopped.ts';

/** Every cause, in catalogue order: ties of the ranking go to the earlier one. */
export const CAUSES: readonly Cause[] = [
  workerNotDeployed,
  workerStopped,
  workerCrashLoop,
  hungWorker,
  consumerDead,
  evictedWhileWorking,
  slowWorker,
  workerCannotReachKafka,
  kafkaDown,
  workerCannotReachPostgres,
  oldWorkerImage,
  topicMissing,
  partitionWithoutLeader,
  misroutedRecords,
  noCommittedOffset,
  expiredOffsets,
  sentinelOffset,
  offsetAheadOfLog,
  committedBeforeLogStart,
  retentionRemovedUnread,
  forwardReset,
  poisonRecord,
  deadLettersUnsettled,
  rebalancingLoop,
  paymentServiceNeverEmitted,
  markWithoutRecord,
  paymentWithoutCourse,
  repeatPayment,
  retryQueuePurchase,
  emissionLostAfterRow,
  handMadeRows,
  guardSkips,
  marksBeforeVerify,
  cacheMarkBlocksSessions,
  sessionFailureSwallowed,
  adminUnreachable,
  adminServerError,
  adminRejectsRequest,
  adminTimeout,
  adminSilentFailure,
  noTrainerAvailable,
  nullTrainerPoison,
  uniqueGuardMissing,
  eventIdTooNarrow,
  somethingElse,
];
