import type { Pool } from 'pg';
import type { EventEnvelope, EventType } from './events.ts';

/** The idempotency guard over processed_events, unique on (correlation_id, event_type). */
export interface Marks {
  /** Sources of the marks of this event, under its correlation id or its event id. */
  sources(event: EventEnvelope<EventType>): Promise<readonly string[]>;
  /** false: somebody else was first, or this event is marked already. */
  mark(event: EventEnvelope<EventType>): Promise<boolean>;
}

export function openMarks(pool: Pool, service: string): Marks {
  return {
    async sources(event) {
      const found = await pool.query<{ source: string }>(
        `select source
         from processed_events
         where event_type = $2 and (correlation_id::text = $1 or event_id::text = $3)`,
        [event.correlationId, event.eventType, event.eventId],
      );
      return found.rows.map((row) => row.source);
    },
    async mark(event) {
      const inserted = await pool.query(
        `insert into processed_events
           (event_id, event_type, correlation_id, payload, source, version, processed_at, created_at)
         values ($1, $2, $3, $4, $5, '1.0', now(), now())
         on conflict do nothing`,
        [event.eventId, event.eventType, event.correlationId, JSON.stringify(event.payload), service],
      );
      return inserted.rowCount === 1;
    },
  };
}
