import type { Query } from '../session.ts';
import type { EntryRecord } from './entries.ts';

interface JournalPlaceRecord {
  readonly is_there: boolean;
  readonly may_read: boolean;
  readonly in_recovery: boolean;
}

/** From the catalogue alone: naming a table that is not there would leave an error in the server's log at every diagnosis. */
const JOURNAL_PLACE = `select j.oid is not null as is_there,
    coalesce(has_schema_privilege(n.oid, 'usage'), false)
      and coalesce(has_table_privilege(j.oid, 'select'), false) as may_read,
    pg_is_in_recovery() as in_recovery
  from (select) as here
  left join pg_namespace n on n.nspname = 'kc_doctor'
  left join pg_class j on j.relnamespace = n.oid and j.relname = 'journal'
  limit 1`;

export function journalPlace(): Query<JournalPlaceRecord> {
  return { text: JOURNAL_PLACE, values: [] };
}

/** Newest entries among which runs are looked for: a large replay writes a thousand. */
const MOST_ENTRIES = 5_000;

/**
 * What tells of a run: its openings, its ends, the last entry, and those of steps that stop or start a container. Of a plan only
 * the first step of each repair and stage and the steps of containers are sent; the records that it sends may hold personal data.
 * The server's functions fail on escapes that its encoding cannot hold (22P05), and nothing that is read here has any: out with all.
 * With `offset 0` the planner, which cannot guess how long a run is, keeps to the index instead of reading the whole journal.
 */
const RECENT_RUNS = String.raw`with newest as (
    select e.run, e.position, e.at
    from kc_doctor.journal e
    order by e.position desc
    limit $1::int
  ), recent as (
    select n.run, max(n.position) as last_position
    from newest n
    group by n.run
    having max(n.at) >= now() - $2::float8 * interval '1 ms'
    order by last_position desc
    limit $3::int
  ), entries as (
    select r.last_position, own.*
    from recent r
    cross join lateral (
      select e.*
      from kc_doctor.journal e
      where e.run = r.run
      offset 0
    ) own
  ), opened as (
    select e.run, e.position, telling.numbers,
      json_build_object('plan', json_build_object(
        'payments', readable.plan -> 'payments',
        'steps', coalesce(telling.steps, '[]')
      )) as data
    from entries e
    cross join lateral (
      select regexp_replace(e.data::text, '\\u[0-9a-fA-F]{4}', '\\t', 'g')::json -> 'plan' as plan
      offset 0
    ) readable
    cross join lateral (
      select array_agg((s.step ->> 'number')::int) as numbers,
        json_agg(json_build_object(
          'number', s.step -> 'number',
          'repair', s.step -> 'repair',
          'stage', s.step -> 'stage',
          'action', json_build_object(
            'kind', s.action -> 'kind',
            'containerId', s.action -> 'containerId',
            'name', s.action -> 'name',
            'service', s.action -> 'service'
          )
        ) order by s.place) as steps
      from (
        select a.step, a.place, a.step -> 'action' as action,
          row_number() over (partition by a.step ->> 'repair', a.step ->> 'stage' order by a.place) as nth
        from json_array_elements(readable.plan -> 'steps') with ordinality as a (step, place)
      ) s
      where s.nth = 1
        or s.action ->> 'kind' in ('stop-container', 'start-container')
    ) telling
    where e.kind = 'run-opened'
  )
  select e.run,
    e.sequence,
    round(extract(epoch from e.at) * 1000)::float8 as at_ms,
    e.kind,
    e.operator,
    e.step,
    o.data::text as data
  from entries e
  left join opened o on o.position = e.position
  where e.step is null
    or e.position = e.last_position
    or exists (select from opened p where p.run = e.run and e.step = any(p.numbers))
  order by e.last_position desc, e.sequence
  limit $4::int`;

export function recentRuns(windowMs: number, runs: number, limit: number): Query<EntryRecord> {
  return { text: RECENT_RUNS, values: [MOST_ENTRIES, windowMs, runs, limit] };
}
