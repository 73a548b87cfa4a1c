import type { Flags } from '../context.ts';
import { UsageError } from '../errors.ts';
import { isUuid, type PaymentId, paymentId } from '../platform/ids.ts';
import { LOOKUP_KINDS, type LookupKind, type LookupQuestion } from '../platform/lookup.ts';

/** What a command line asks about, each once. */
export interface Asked {
  readonly payments: readonly PaymentId[];
  readonly lookups: readonly LookupQuestion[];
}

const EXAMPLE = 'such as 5dc56599-cd44-4672-ab73-2bf7f789ef34';

export function askedOf(flags: Flags, args: readonly string[]): Asked {
  const payments = paymentIds(args);
  const lookups = LOOKUP_KINDS.flatMap((kind) => {
    const id = flags[kind]?.toLowerCase();
    if (id === undefined) return [];
    // The platform keeps the course of a payment as text; the other columns hold uuids.
    const isUsable = kind === 'course' ? id.trim() !== '' : isUuid(id);
    if (isUsable) return [{ kind, id }];
    throw new UsageError(
      'KC_MALFORMED_ID',
      `--${kind}: "${flags[kind]}" is not ${withArticle(kind)} id`,
      `write a uuid, ${EXAMPLE}`,
    );
  });
  if (payments.length + lookups.length > 0) return { payments, lookups };
  throw new UsageError(
    'KC_USAGE_NOTHING_ASKED',
    'no payment was named',
    `name it by its id, or by ${LOOKUP_KINDS.map((kind) => `--${kind}`).join(', ')}`,
  );
}

export function withArticle(kind: LookupKind): string {
  return kind === 'allocation' ? `an ${kind}` : `a ${kind}`;
}

export function paymentIds(ids: readonly string[]): readonly PaymentId[] {
  const malformed = ids.filter((id) => !isUuid(id));
  if (malformed.length === 0) return [...new Set(ids.map(paymentId))];
  throw new UsageError(
    'KC_MALFORMED_ID',
    `${malformed.map((id) => `"${id}"`).join(', ')} ${malformed.length === 1 ? 'is not a payment id' : 'are not payment ids'}`,
    `a payment id is a uuid, ${EXAMPLE}`,
  );
}
