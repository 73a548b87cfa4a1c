import { type Admission, type Exchange, shapeChanged } from './kafkajs-shape.ts';

/** Sent: the bytes may have reached the broker. Answered: it said what it did with them. */
export type WriteProgress = 'unsent' | 'sent' | 'answered';

export interface WriteTicket {
  readonly progress: WriteProgress;
}

interface OpenTicket {
  readonly apiKey: number;
  readonly signal: AbortSignal;
  progress: WriteProgress;
  isUsed: boolean;
}

/**
 * What the client that writes is allowed to send: nothing but reading requests, and while a ticket is open one single request of
 * its kind. So no habit of kafkajs and no retry can send a write again, and it is known whether an answer is owed.
 */
export class WriteGate {
  #ticket: OpenTicket | null = null;

  /** One ticket at a time. */
  async open<T>(apiKey: number, signal: AbortSignal, body: (ticket: WriteTicket) => Promise<T>): Promise<T> {
    if (this.#ticket !== null) throw new Error('a second write was begun before the first one ended');
    const ticket: OpenTicket = { apiKey, signal, progress: 'unsent', isUsed: false };
    this.#ticket = ticket;
    try {
      return await body(ticket);
    } finally {
      this.#ticket = null;
    }
  }

  readonly admit: Admission = (exchange) => {
    const ticket = this.#ticket;
    const { apiKey } = exchange.request;
    if (ticket === null || ticket.apiKey !== apiKey || ticket.isUsed) {
      throw new Error(`a request was about to be sent that nobody asked for (api key ${apiKey})`);
    }
    ticket.isUsed = true;
    return this.#watched(exchange, ticket);
  };

  #watched({ request, response, ...rest }: Exchange, ticket: OpenTicket): Exchange {
    const { encode } = request;
    if (typeof encode !== 'function') throw shapeChanged('its requests');
    return {
      ...rest,
      request: {
        ...request,
        // The last moment before the socket: connecting and logging in lie behind, and took time.
        encode: async () => {
          const encoded = await encode();
          ticket.signal.throwIfAborted();
          if (this.#ticket !== ticket) throw new Error('the write that this request belongs to has ended');
          ticket.progress = 'sent';
          return encoded;
        },
      },
      response: {
        decode: async (payload) => {
          const decoded = await response.decode(payload);
          ticket.progress = 'answered';
          return decoded;
        },
        // Codes stay in the answer: some of them say that it was done.
        parse: async (decoded) => decoded,
      },
    };
  }
}
