/**
 * before-server: the server never gets the request. before-answer: it has carried it out, and the connection breaks instead of its
 * answer. silence: it has carried it out, and nothing comes back on a connection that stays open.
 */
export type Cut = 'before-server' | 'before-answer' | 'silence';

type Place = 'request' | 'answer';

/** What a proxy does with one request or with its answer: first the work, then what is `next`. */
export interface Interruption {
  readonly at: Place;
  readonly work: () => Promise<void>;
  readonly next: 'pass' | 'hang-up' | 'silence';
  readonly happened: () => void;
}

interface Planned<Kind> extends Interruption {
  readonly kind: Kind;
  left: number;
}

const CUTS = {
  'before-server': { at: 'request', next: 'hang-up' },
  'before-answer': { at: 'answer', next: 'hang-up' },
  silence: { at: 'answer', next: 'silence' },
} as const satisfies Readonly<Record<Cut, Pick<Interruption, 'at' | 'next'>>>;

/** Requests by kind, as a proxy between a client and its server meets them. One interruption is planned at a time. */
export class Interruptions<Kind> {
  readonly #passed = new Map<Kind, number>();
  #planned: Planned<Kind> | null = null;

  /** The `nth` request of this kind from now on is cut, once. Resolves when that has happened. */
  cut(kind: Kind, cut: Cut, nth = 1): Promise<void> {
    return new Promise((happened) => {
      this.#planned = { kind, ...CUTS[cut], work: async () => {}, left: nth, happened };
    });
  }

  /** The next request of this kind, or its answer, is passed on once `work` has ended. Resolves, or rejects as `work` does, then. */
  hold(kind: Kind, at: Place, work: () => Promise<void>): Promise<void> {
    return new Promise((happened, reject) => {
      const orFail = async () => work().catch(reject);
      this.#planned = { kind, at, next: 'pass', work: orFail, left: 1, happened };
    });
  }

  /** Requests of this kind that were passed to the server. */
  passed(kind: Kind): number {
    return this.#passed.get(kind) ?? 0;
  }

  /** For the proxy: what is to be done with this request. Null: nothing. */
  meet(kind: Kind): Interruption | null {
    const planned = this.#planned;
    if (planned === null || planned.kind !== kind) return null;
    planned.left -= 1;
    if (planned.left > 0) return null;
    this.#planned = null;
    return planned;
  }

  /** For the proxy: the request goes to the server. */
  pass(kind: Kind): void {
    this.#passed.set(kind, this.passed(kind) + 1);
  }
}
