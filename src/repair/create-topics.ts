import { PIPELINE, type Stage, type StageDefinition, stageDefinition } from '../platform/pipeline.ts';
import type { ContainerState, PlatformState } from '../platform/state.ts';
import { serviceContainer } from '../platform/workers.ts';
import { planMoves } from './move-offsets.ts';
import type { DraftStep, OffsetMove } from './plan.ts';
import { openPreviewer } from './preview.ts';
import { NOTHING_TO_DO, type Repair } from './repair.ts';
import { commitStep, type Owner, startStep, stopStep, waitEmptyStep, waitMemberStep } from './steps.ts';
import {
  isObstacle,
  isUp,
  type Obstacle,
  type PartitionStanding,
  refusal,
  standingsOf,
  stopObstacle,
  strangerObstacle,
  unseenObstacle,
  workerToAct,
} from './targets.ts';

const ID = 'create-topics';

export const createTopics: Repair = {
  id: ID,
  title: 'Create the missing topics',
  risk: 'disruptive',
  offeredFor: ['topic-missing'],
  explain:
    'Creates the topics that the platform must have and does not. Their readers are stopped first, and their groups get offset 0 on every new partition before they start again: a producer publishes within a second, a reader joins half a minute later, and without a committed offset it would start behind that.',
  plan: (state, { stage, payments }) => {
    const refuse = (obstacle: Obstacle) => refusal(ID, stage, obstacle, payments);
    const absent = absentTopics(state, stage);
    if (isObstacle(absent)) return refuse(absent);
    if (absent.length === 0) return NOTHING_TO_DO;
    const replicas = replicationOf(state);
    if (typeof replicas !== 'number') return refuse(replicas);
    const readers: Reader[] = [];
    for (const definition of readersOf(state, absent)) {
      const reader = readerOf(state, definition, absent);
      if (isObstacle(reader)) return refuse(reader);
      readers.push(reader);
    }
    const created = absent.map((topic) =>
      createStep(state, topic, readers[0]?.definition.stage ?? stage, replicas),
    );
    const stopped = readers.flatMap(({ container }) =>
      container !== null && isUp(container) ? [container.name] : [],
    );
    const left = readers.flatMap(({ container }) =>
      container !== null && !isUp(container) ? [container.name] : [],
    );
    return {
      steps: [
        ...readers.flatMap(({ definition, container }) => [
          ...(container !== null && isUp(container) ? [stopStep(ownerOf(definition), state, container)] : []),
          waitEmptyStep(ownerOf(definition)),
        ]),
        ...created,
        ...readers.map(
          ({ definition, container, moves }): DraftStep => ({
            ...commitStep(
              ownerOf(definition),
              moves,
              {
                whySafe:
                  'the new partitions are empty, so from offset 0 nothing is read twice and nothing is missed',
                isDestructive: false,
              },
              container,
            ),
            // "None" cannot be put back on the partitions of one topic, so the plan wants them confirmed (design.md 5).
            reversibility: 'irreversible',
          }),
        ),
        ...readers.toReversed().flatMap(({ definition, container }) =>
          container !== null && isUp(container)
            ? [
                startStep(ownerOf(definition), container, {
                  whySafe:
                    'all of its topics exist, and its group has a committed offset on each new partition',
                  stoppedByUs: true,
                }),
                waitMemberStep(ownerOf(definition)),
              ]
            : [],
        ),
      ],
      previews: [],
      warnings: [
        ...(stopped.length > 0
          ? [
              `${stopped.join(', ')} ${stopped.length === 1 ? 'is' : 'are'} down from the stop until the new start`,
            ]
          : []),
        ...(left.length > 0
          ? [`${left.join(', ')} did not run before and stays so: kc-doctor fix start-worker`]
          : []),
        'what went with a deleted topic is not brought back by this: kc-doctor fix replays what is then still missing',
      ],
      refusals: [],
    };
  },
};

const ownerOf = ({ stage }: StageDefinition): Owner => ({ repair: ID, stage });

/** Those of the expected set; a newer topic that is absent belongs to an older platform. */
function absentTopics(state: PlatformState, stage: Stage | null): readonly string[] | Obstacle {
  const wanted = stage === null ? null : stageDefinition(stage).topics;
  const found: string[] = [];
  for (const topic of state.settings.expectedTopics) {
    const seenTopic = state.topics[topic];
    const isWanted = wanted === null || wanted.includes(topic);
    if (seenTopic?.kind !== 'seen') {
      if (!isWanted) continue;
      return seenTopic === undefined
        ? { reason: `the topic ${topic} was not read`, hint: 'kc-doctor config --check' }
        : unseenObstacle(seenTopic.gap);
    }
    // A reader of several topics starts only once all of them exist, so all are made together.
    if (seenTopic.value.kind === 'absent') found.push(topic);
  }
  return wanted === null || found.some((topic) => wanted.includes(topic)) ? found : [];
}

/** As the topics that exist have it; one broker, one replica. */
function replicationOf(state: PlatformState): number | Obstacle {
  if (state.cluster.kind === 'unseen') return unseenObstacle(state.cluster.gap);
  const replicas = Object.values(state.topics).flatMap((topic) =>
    topic.kind === 'seen' && topic.value.kind === 'present'
      ? topic.value.partitions.map((partition) => partition.replicas)
      : [],
  );
  const wanted = Math.max(1, ...replicas);
  const brokers = state.cluster.value.brokers.length;
  return brokers >= wanted
    ? wanted
    : {
        reason: `the other topics have ${wanted} replicas, and only ${brokers} ${brokers === 1 ? 'broker answers' : 'brokers answer'}`,
        hint: 'start the missing brokers first',
      };
}

function readersOf(state: PlatformState, topics: readonly string[]): readonly StageDefinition[] {
  return PIPELINE.filter((definition) => definition.topics.some((topic) => topics.includes(topic))).filter(
    ({ worker }) =>
      state.settings.expectedWorkers.includes(worker) || serviceContainer(state, worker).kind === 'seen',
  );
}

interface Reader {
  readonly definition: StageDefinition;
  /** Null: it has none, so nobody can read meanwhile. */
  readonly container: ContainerState | null;
  readonly moves: readonly [OffsetMove, ...OffsetMove[]];
}

function readerOf(
  state: PlatformState,
  definition: StageDefinition,
  absent: readonly string[],
): Reader | Obstacle {
  const { stage, group, worker, topics } = definition;
  const acting = workerToAct(state, stage);
  const isAbsent = isObstacle(acting) && serviceContainer(state, worker).kind === 'absent';
  if (isObstacle(acting) && !isAbsent) {
    return {
      reason: `${worker} reads ${absent.join(', ')} and cannot be stopped: ${acting.reason}`,
      hint: acting.hint,
    };
  }
  const container = isObstacle(acting) ? null : acting;
  const seenGroup = state.groups[group];
  if (seenGroup?.kind === 'unseen') return unseenObstacle(seenGroup.gap);
  const obstacle =
    strangerObstacle(state, stage) ?? (container === null ? null : stopObstacle(state, container));
  if (obstacle !== null) return obstacle;
  const others = topics.filter((topic) => !absent.includes(topic) && !isKnownAbsent(state, topic));
  const standings = standingsOf(state, stage, others);
  if (isObstacle(standings)) return standings;
  const further = movesOnOthers(state, stage, standings);
  if (isObstacle(further)) return further;
  const own = absent
    .filter((topic) => topics.includes(topic))
    .flatMap((topic) =>
      Array.from({ length: state.settings.partitionCount }, (_, partition): OffsetMove => {
        return { topic, partition, from: null, to: 0n };
      }),
    );
  const [first, ...rest] = [...own, ...further];
  return first === undefined
    ? { reason: `no partition count is configured for ${absent.join(', ')}`, hint: 'kc-doctor config' }
    : { definition, container, moves: [first, ...rest] };
}

const isKnownAbsent = (state: PlatformState, topic: string): boolean => {
  const seenTopic = state.topics[topic];
  return seenTopic?.kind === 'seen' && seenTopic.value.kind === 'absent';
};

/** The restart must not skip records of the reader's other topics either. */
function movesOnOthers(
  state: PlatformState,
  stage: Stage,
  standings: readonly PartitionStanding[],
): readonly OffsetMove[] | Obstacle {
  if (standings.every(({ commit }) => commit === 'usable')) return [];
  const planned = planMoves(openPreviewer(state, false), stage, standings);
  return isObstacle(planned) ? planned : planned.moves;
}

function createStep(
  state: PlatformState,
  topic: string,
  stage: Stage | null,
  replicationFactor: number,
): DraftStep {
  const partitions = state.settings.partitionCount;
  return {
    repair: ID,
    stage,
    title: `create topic ${topic}`,
    action: { kind: 'create-topic', topic, partitions, replicationFactor },
    before: 'absent',
    after: `${partitions} partitions with a leader, replication factor ${replicationFactor}`,
    whySafe: 'the broker says that it does not exist, and no topic that exists is altered',
    reversibility: 'compensating',
    risk: 'disruptive',
    precondition: { kind: 'topic-absent', topic },
    byHand: `kafka-topics --bootstrap-server $KAFKA_BROKERS --create --if-not-exists --topic ${topic} --partitions ${partitions} --replication-factor ${replicationFactor}`,
  };
}
