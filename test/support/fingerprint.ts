import Docker from 'dockerode';
import { openLabKafka } from '../../lab/kafka/client.ts';
import type { Lab } from '../../lab/lab.ts';
import { GROUP_OF, INPUTS_OF, WORKERS } from '../../lab/platform.ts';

const LAB_LABEL = 'kc-lab';

/** Everything that a look could have left behind on a platform where nothing else happens. Plain data, to be compared whole. */
export interface Fingerprint {
  /** Ends of every partition, `__consumer_offsets` included: any commit and any join is a record there. */
  readonly topics: Readonly<Record<string, readonly string[]>>;
  /** State, members and committed offsets of every group that the broker lists. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Rows inserted, updated and deleted since the statistics began, by table; every table and every other relation is named. */
  readonly tables: readonly string[];
  /** Container by container: state, start and restarts. */
  readonly containers: readonly string[];
}

/** Of the platform's pipeline. */
export const TABLES = [
  'payments',
  'student_course_purchases',
  'trainer_allocations',
  'tutoring_sessions',
  'processed_events',
] as const;

/** Sessions of the platform hand in what they counted only after some seconds of idleness. Where every row was inserted once. */
export async function statisticsSettle(lab: Lab): Promise<void> {
  await lab.until('the statistics know of every row', async () => {
    const counted = TABLES.map(
      (table) => `select '${table}' as relname, (select count(*) from ${table}) as rows`,
    );
    const late = await lab.sql(`select c.relname from (${counted.join(' union all ')}) c
      join pg_stat_user_tables s on s.relname = c.relname and s.schemaname = 'public'
      where s.n_tup_ins - s.n_tup_del <> c.rows`);
    return late.length === 0;
  });
}

export async function fingerprint(lab: Lab): Promise<Fingerprint> {
  const [kafka, tables, containers] = await Promise.all([kafkaOf(lab), tablesOf(lab), containersOf(lab)]);
  return { ...kafka, tables, containers };
}

async function kafkaOf(lab: Lab): Promise<Pick<Fingerprint, 'topics' | 'groups'>> {
  const client = openLabKafka(lab.kafkaHostPort);
  try {
    const topics: Record<string, readonly string[]> = {};
    for (const topic of [...(await client.topics())].sort()) {
      const ends = await client.ends(topic);
      topics[topic] = ends.map(({ partition, low, high }) => `${partition}: ${low} to ${high}`);
    }
    const groups: Record<string, readonly string[]> = {};
    for (const group of [...(await client.groups())].sort()) {
      const { state, members } = await client.group(group);
      const worker = WORKERS.find((candidate) => GROUP_OF[candidate] === group);
      const committed: string[] = [];
      for (const topic of worker === undefined ? [] : INPUTS_OF[worker]) {
        for (const { partition, offset } of await client.committed(group, topic))
          committed.push(`${topic}[${partition}] at ${offset}`);
      }
      groups[group] = [state, ...members.map(({ memberId }) => memberId).sort(), ...committed];
    }
    return { topics, groups };
  } finally {
    await client.close();
  }
}

async function tablesOf(lab: Lab): Promise<readonly string[]> {
  const rows = await lab.sql<{ readonly text: string }>(`
    select format('%s.%s %s: %s inserted, %s updated, %s deleted', n.nspname, c.relname, c.relkind,
      coalesce(s.n_tup_ins, 0), coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_del, 0)) as text
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_stat_user_tables s on s.relid = c.oid
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    order by 1`);
  return rows.map(({ text }) => text);
}

async function containersOf(lab: Lab): Promise<readonly string[]> {
  const docker = new Docker();
  const listed = await docker.listContainers({ all: true, filters: { label: [`${LAB_LABEL}=${lab.name}`] } });
  const states = await Promise.all(
    listed.map(async ({ Id }) => {
      const { Name, State, RestartCount, ExecIDs } = await docker.getContainer(Id).inspect();
      return `${Name} ${State.Status} since ${State.StartedAt}, ${RestartCount} restarts, ${ExecIDs?.length ?? 0} execs`;
    }),
  );
  return states.sort();
}

/** What Docker reports of the lab's containers between two instants (epoch milliseconds): `exec_create` as well as `start`. */
export async function dockerEvents(lab: Lab, sinceMs: number, untilMs: number): Promise<readonly string[]> {
  const stream = await new Docker().getEvents({
    since: sinceMs / 1000,
    until: untilMs / 1000,
    filters: { label: [`${LAB_LABEL}=${lab.name}`] },
  });
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += String(chunk);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const event = JSON.parse(line) as { readonly Type: string; readonly Action: string };
      return `${event.Type} ${event.Action}`;
    });
}
