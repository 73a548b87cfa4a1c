import type { KafkajsClient } from './client.ts';
import type { FailureContext } from './errors.ts';
import type { FirstAlone } from './first-alone.ts';

/** What one call of the port carries through the functions that serve it. */
export interface Call {
  readonly client: Pick<KafkajsClient, 'anyBroker' | 'broker' | 'metadata' | 'nodes'>;
  readonly context: FailureContext;
  readonly signal: AbortSignal;
  /** By broker: kafkajs opens several fetch connections when the first fetches come together, and loses all but one. */
  readonly fetching: FirstAlone;
  readonly nowMs: () => number;
}
