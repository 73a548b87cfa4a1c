import type { Gap } from '../../platform/observed.ts';
import { NEWER_TOPICS, PIPELINE, type Stage } from '../../platform/pipeline.ts';
import type { PlatformState, TopicState } from '../../platform/state.ts';

export type PresentTopic = Extract<TopicState, { readonly kind: 'present' }>;

export interface KnownTopics {
  readonly present: readonly PresentTopic[];
  readonly absent: readonly string[];
  /** Of expected topics alone: a newer one that may not be seen may as well not exist. */
  readonly gaps: readonly Gap[];
}

/** The expected topics, and the newer ones. */
export function knownTopics(state: PlatformState): KnownTopics {
  const { expectedTopics } = state.settings;
  const names = [...new Set<string>([...expectedTopics, ...NEWER_TOPICS])];
  const looks = names.map((topic) => ({ topic, observed: state.topics[topic] }));
  return {
    present: looks.flatMap(({ observed }) =>
      observed?.kind === 'seen' && observed.value.kind === 'present' ? [observed.value] : [],
    ),
    absent: looks.flatMap(({ topic, observed }) =>
      observed?.kind === 'seen' && observed.value.kind === 'absent' ? [topic] : [],
    ),
    gaps: looks.flatMap(({ topic, observed }) => {
      if (!expectedTopics.includes(topic) || observed?.kind === 'seen') return [];
      return [observed?.gap ?? notAsked(topic)];
    }),
  };
}

function notAsked(topic: string): Gap {
  return {
    system: 'kafka',
    operation: `topic ${topic}`,
    code: 'not-attempted',
    reason: 'it was not asked for',
    hint: 'run again with a longer --timeout',
  };
}

/** The stage that a topic starts; null where no worker of ours reads it first. */
export function stageOfTopic(topic: string): Stage | null {
  return PIPELINE.find(({ topics: [first] }) => first === topic)?.stage ?? null;
}

export function readersOf(topic: string): readonly string[] {
  return PIPELINE.filter(({ topics }) => topics.includes(topic)).map(({ worker }) => worker);
}
