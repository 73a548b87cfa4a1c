import type { DatabaseFacts, SchemaFacts } from '../../src/platform/state.ts';

/** What the newest platform's database says of itself. */
export const HEALTHY_FACTS: Omit<DatabaseFacts, 'serverTimeMs'> = {
  systemId: '7312345678901234567',
  oid: 16_384,
  name: 'kc',
  user: 'kc',
  serverVersion: '15.6',
  inRecovery: false,
  replayLagMs: null,
  canWrite: false,
};

const COLUMNS = {
  payments: {
    id: 'uuid',
    student_id: 'uuid',
    amount_cents: 'integer',
    currency: 'character varying(3)',
    status: 'character varying(20)',
    provider: 'character varying(50)',
    provider_payment_id: 'character varying(255)',
    metadata: 'jsonb',
    confirmed_at: 'timestamp with time zone',
    created_at: 'timestamp with time zone',
    updated_at: 'timestamp with time zone',
  },
  student_course_purchases: {
    id: 'uuid',
    student_id: 'uuid',
    course_id: 'uuid',
    purchase_tier: 'integer',
    purchase_date: 'timestamp with time zone',
    expiry_date: 'timestamp with time zone',
    metadata: 'jsonb',
    is_active: 'boolean',
    created_at: 'timestamp with time zone',
    updated_at: 'timestamp with time zone',
  },
  trainer_allocations: {
    id: 'uuid',
    student_id: 'uuid',
    trainer_id: 'uuid',
    course_id: 'uuid',
    requested_by: 'uuid',
    requested_at: 'timestamp with time zone',
    status: 'character varying(20)',
    metadata: 'jsonb',
    created_at: 'timestamp with time zone',
    updated_at: 'timestamp with time zone',
  },
  tutoring_sessions: {
    id: 'uuid',
    allocation_id: 'uuid',
    student_id: 'uuid',
    trainer_id: 'uuid',
    course_id: 'uuid',
    scheduled_date: 'date',
    scheduled_time: 'character varying(20)',
    status: 'character varying(20)',
    created_at: 'timestamp with time zone',
    updated_at: 'timestamp with time zone',
  },
  processed_events: {
    event_id: 'text',
    event_type: 'character varying(100)',
    correlation_id: 'uuid',
    payload: 'jsonb',
    source: 'character varying(100)',
    version: 'character varying(20)',
    processed_at: 'timestamp with time zone',
    created_at: 'timestamp with time zone',
  },
};

export const HEALTHY_SCHEMA: SchemaFacts = {
  tables: Object.entries(COLUMNS).map(([name, columns]) => ({
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
  })),
  guards: [
    {
      name: 'unique_active_purchase',
      table: 'student_course_purchases',
      state: 'valid',
      definition:
        'CREATE UNIQUE INDEX unique_active_purchase ON public.student_course_purchases USING btree (student_id, course_id) WHERE is_active',
      duplicates: null,
    },
    {
      name: 'unique_active_allocation',
      table: 'trainer_allocations',
      state: 'valid',
      definition:
        "CREATE UNIQUE INDEX unique_active_allocation ON public.trainer_allocations USING btree (student_id, course_id) WHERE ((status)::text = ANY ((ARRAY['approved'::character varying, 'active'::character varying])::text[]))",
      duplicates: null,
    },
    {
      name: 'unique_session_slot',
      table: 'tutoring_sessions',
      state: 'valid',
      definition:
        'CREATE UNIQUE INDEX unique_session_slot ON public.tutoring_sessions USING btree (allocation_id, scheduled_date, scheduled_time)',
      duplicates: null,
    },
    {
      name: 'idx_processed_events_idempotency',
      table: 'processed_events',
      state: 'valid',
      definition:
        'CREATE UNIQUE INDEX idx_processed_events_idempotency ON public.processed_events USING btree (correlation_id, event_type)',
      duplicates: null,
    },
  ],
};
