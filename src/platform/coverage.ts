import type { Gap, Observed } from './observed.ts';
import type { PlatformState } from './state.ts';

export interface Coverage {
  /** Parts that were read, as `system: what`. */
  readonly looked: readonly string[];
  /** What could not be read, once per system and reason. */
  readonly notLooked: readonly Gap[];
}

/** Every observed part of a state, named for people. */
function observedParts(
  state: PlatformState,
): readonly { readonly name: string; readonly part: Observed<unknown> }[] {
  const partitions = Object.entries(state.topics).flatMap(([topic, observed]) =>
    observed.kind === 'seen' && observed.value.kind === 'present'
      ? observed.value.partitions.map(({ partition, bounds }) => ({
          name: `kafka: log ends of ${topic}[${partition}]`,
          part: bounds as Observed<unknown>,
        }))
      : [],
  );
  const scans = Object.values(state.records.byPayment).flatMap((byTopic) =>
    Object.entries(byTopic).map(([topic, part]) => ({
      name: `kafka: records on ${topic}`,
      part: part as Observed<unknown>,
    })),
  );
  const named = (prefix: string, parts: Readonly<Record<string, Observed<unknown>>>) =>
    Object.entries(parts).map(([name, part]) => ({ name: `${prefix} ${name}`, part }));
  return [
    { name: 'docker: containers', part: state.containers },
    { name: 'compose: files', part: state.compose },
    ...named('docker: log of', state.logs),
    { name: 'kafka: brokers', part: state.cluster },
    ...named('kafka: topic', state.topics),
    ...partitions,
    ...named('kafka: consumer group', state.groups),
    ...named('kafka: next record of', state.records.heads),
    ...scans,
    { name: 'kafka: newest keys', part: state.records.recentKeys },
    { name: 'kafka: dead letters', part: state.deadLetters },
    { name: 'postgres: server', part: state.database },
    { name: 'postgres: schema', part: state.schema },
    { name: 'postgres: payments', part: state.payments },
    ...(state.lookups ?? []).map(({ kind, id, payments: part }) => ({
      name: `postgres: payments of ${kind} ${id}`,
      part,
    })),
    { name: 'postgres: purchases', part: state.purchases },
    { name: 'postgres: allocations', part: state.allocations },
    { name: 'postgres: sessions', part: state.sessions },
    { name: 'postgres: processed_events', part: state.marks },
    { name: 'postgres: allocations without sessions', part: state.anomalies },
    { name: 'admin-service: base address', part: state.admin },
    { name: 'postgres: clock', part: state.clocks },
    ...(state.runs === undefined ? [] : [{ name: 'postgres: journal of runs', part: state.runs }]),
  ];
}

export function coverageOf(state: PlatformState): Coverage {
  const looked = new Set<string>();
  const notLooked = new Map<string, Gap>();
  for (const { name, part } of observedParts(state)) {
    if (part.kind === 'seen') {
      looked.add(name);
      continue;
    }
    const key = `${part.gap.system} ${part.gap.reason}`;
    const known = notLooked.get(key);
    if (known === undefined) notLooked.set(key, part.gap);
    else if (!known.operation.split(', ').includes(part.gap.operation)) {
      notLooked.set(key, { ...known, operation: `${known.operation}, ${part.gap.operation}` });
    }
  }
  return { looked: [...looked], notLooked: [...notLooked.values()] };
}
