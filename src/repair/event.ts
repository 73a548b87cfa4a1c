/** The event that is given back: a copy of the original where the topic still has it, else one that is rebuilt from rows. */
import { EFFECTS_OF_STAGE, type PaymentCase, type RowStage } from '../platform/effects.ts';
import { partitionOf } from '../platform/events.ts';
import { isUuid } from '../platform/ids.ts';
import { confirmedAt } from '../platform/payment.ts';
import { stageDefinition } from '../platform/pipeline.ts';
import type { MarkRow, PlatformState, RecordSeen } from '../platform/state.ts';
import { EMITTER } from '../platform/witnesses.ts';
import { nameUuid } from './name-uuid.ts';
import type { PlannedRecord } from './plan.ts';
import { isObstacle, type Obstacle, unseenObstacle } from './targets.ts';

const EVENT_VERSION = '1.0';
const TIERS: readonly number[] = [10, 20, 30];

/** `marks`: those of the event type, under any id of the payment. */
export function eventFor(
  state: PlatformState,
  one: PaymentCase,
  stage: RowStage,
  marks: readonly MarkRow[],
): PlannedRecord | Obstacle {
  const place = placeFor(state, one, stage);
  if (isObstacle(place)) return place;
  const { inputEvent } = stageDefinition(stage);
  const needsUuid = hasUuidColumn(state);
  const original = originalOf(one, stage);
  if (original !== null && !(needsUuid && !isUuid(original.eventId ?? ''))) {
    const { topic, partition, offset, eventId } = original;
    return {
      ...place,
      copyOf: { topic, partition, offset },
      eventType: inputEvent,
      eventId,
      value: null,
      headers: [],
    };
  }
  const fields = rebuilt(one, stage);
  if (isObstacle(fields)) return fields;
  const { paymentId } = one.payment;
  const eventId =
    [...fields.eventIds(marks), nameUuid(`${paymentId}/${inputEvent}`)].find(
      (id) => !needsUuid || isUuid(id),
    ) ?? '';
  const timestamp = fields.atMs;
  const { source } = fields;
  const envelope = { eventId, correlationId: paymentId, timestamp, source, version: EVENT_VERSION };
  const value = JSON.stringify({ ...fields.payload, timestamp, _metadata: envelope });
  const headers = {
    eventId,
    correlationId: paymentId,
    eventType: inputEvent,
    source,
    version: EVENT_VERSION,
  };
  return {
    ...place,
    copyOf: null,
    eventType: inputEvent,
    eventId,
    value: base64(value),
    headers: Object.entries(headers).map(([name, text]) => ({ name, value: base64(text) })),
  };
}

/** By its own key, where every other event of the payment lies. */
function placeFor(
  state: PlatformState,
  { payment }: PaymentCase,
  stage: RowStage,
): Pick<PlannedRecord, 'topic' | 'partition' | 'key' | 'notBefore'> | Obstacle {
  const [topic] = stageDefinition(stage).topics;
  const seenTopic = state.topics[topic];
  if (seenTopic?.kind === 'unseen') return unseenObstacle(seenTopic.gap);
  if (seenTopic === undefined || seenTopic.value.kind === 'absent') {
    return { reason: `the topic ${topic} does not exist`, hint: 'kc-doctor fix create-topics' };
  }
  const { partitions } = seenTopic.value;
  const number = partitionOf(payment.paymentId, partitions.length);
  const partition = partitions.find((candidate) => candidate.partition === number);
  if (partition === undefined || partition.bounds.kind === 'unseen') {
    return {
      reason: `the end of ${topic}[${number}] was not seen`,
      hint: 'run again with a longer --timeout',
    };
  }
  return {
    topic,
    partition: number,
    key: base64(payment.paymentId),
    notBefore: partition.bounds.value.end,
  };
}

/** Under the payment's own id before a copy under another, the first one sent before what came later. */
function originalOf(one: PaymentCase, stage: RowStage): RecordSeen | null {
  const { inputEvent } = stageDefinition(stage);
  const isOwn = (record: RecordSeen): boolean => record.key?.toLowerCase() === one.payment.paymentId;
  const [original] = one
    .effect(EFFECTS_OF_STAGE[stage].input)
    .records.filter(({ isJson, eventType }) => isJson && eventType === inputEvent)
    .toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)) || a.timestampMs - b.timestampMs);
  return original ?? null;
}

interface Rebuilt {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly source: string;
  /** Of the row that it tells of: the same whenever it is rebuilt. */
  readonly atMs: number;
  /** Best first. */
  readonly eventIds: (marks: readonly MarkRow[]) => readonly string[];
}

function rebuilt(one: PaymentCase, stage: RowStage): Rebuilt | Obstacle {
  const { payment } = one;
  const { paymentId, studentId, courseId, amountCents } = payment;
  const metadata = metadataOf(payment.metadata);
  if (stage === 'sessions') {
    return {
      reason: 'its event is not on the topic any more, and no row tells the end date that it named',
      hint: `let the sessions be made instead: curl -X POST $ADMIN_SERVICE_URL/api/v1/admin/allocations/${one.identity().allocations[0]?.allocationId ?? '{allocationId}'}/create-sessions`,
    };
  }
  if (metadata === null) {
    return {
      reason: 'what was bought (payments.metadata) was not read, so its event cannot be rebuilt',
      hint: `kc-doctor trace ${paymentId}`,
    };
  }
  const common = { studentId, courseId, metadata, userId: studentId, role: 'student' };
  if (stage === 'purchase') {
    return {
      payload: { paymentId, amountCents, ...common },
      source: EMITTER,
      atMs: confirmedAt(payment),
      eventIds: (marks) => marks.filter(({ source }) => source === EMITTER).map(({ eventId }) => eventId),
    };
  }
  const { purchase } = one.identity();
  if (purchase === null) return { reason: 'its purchase was not seen', hint: `kc-doctor trace ${paymentId}` };
  const purchaseTier = payment.sessionCount ?? payment.purchaseTier;
  if (purchaseTier === null || !TIERS.includes(purchaseTier)) {
    return {
      reason: `how many sessions were bought is not clear: ${purchaseTier ?? 'none'} named, 10, 20 or 30 possible`,
      hint: 'a person looks into payments.metadata',
    };
  }
  const { purchaseId } = purchase;
  return {
    payload: { purchaseId, purchaseTier, ...common },
    source: stageDefinition('purchase').worker,
    atMs: purchase.createdAtMs,
    eventIds: (marks) => [...marks.map(({ eventId }) => eventId), purchaseId],
  };
}

function metadataOf(text: string | undefined): Readonly<Record<string, unknown>> | null {
  if (text === undefined) return null;
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : null;
}

/** A prefixed event id does not fit the uuid column of old deployments: every mark of it fails. */
function hasUuidColumn({ schema }: PlatformState): boolean {
  if (schema.kind === 'unseen') return true;
  const table = schema.value.tables.find(({ name }) => name === 'processed_events');
  return table?.columns.find(({ name }) => name === 'event_id')?.type === 'uuid';
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
