-- The tables of platform.md, newest deployments. Older ones: see OLDER_COLUMNS in real-postgres.ts.
create table payments (
  id uuid primary key,
  student_id uuid not null,
  amount_cents int not null,
  currency varchar(3) not null,
  status varchar(20) not null,
  provider varchar(50),
  provider_payment_id varchar(255),
  metadata jsonb,
  confirmed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index payments_student on payments (student_id);

create table student_course_purchases (
  id uuid primary key,
  student_id uuid not null,
  course_id uuid not null,
  purchase_tier int not null check (purchase_tier in (10, 20, 30)),
  purchase_date timestamptz not null default now(),
  expiry_date timestamptz,
  metadata jsonb,
  is_active bool not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index unique_active_purchase on student_course_purchases (student_id, course_id) where is_active;

create table trainer_allocations (
  id uuid primary key,
  student_id uuid not null,
  trainer_id uuid,
  course_id uuid,
  requested_by uuid,
  requested_at timestamptz,
  status varchar(20) not null
    check (status in ('pending', 'approved', 'rejected', 'active', 'completed', 'cancelled')),
  metadata jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index unique_active_allocation on trainer_allocations (student_id, course_id)
  where status in ('approved', 'active');

create table tutoring_sessions (
  id uuid primary key default gen_random_uuid(),
  allocation_id uuid not null,
  student_id uuid not null,
  trainer_id uuid not null,
  course_id uuid,
  scheduled_date date not null,
  scheduled_time varchar(20) not null,
  status varchar(20) not null default 'scheduled',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index unique_session_slot on tutoring_sessions (allocation_id, scheduled_date, scheduled_time);

create table processed_events (
  event_id text primary key,
  event_type varchar(100) not null,
  correlation_id uuid,
  payload jsonb,
  source varchar(100),
  version varchar(20),
  processed_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create unique index idx_processed_events_idempotency on processed_events (correlation_id, event_type);
