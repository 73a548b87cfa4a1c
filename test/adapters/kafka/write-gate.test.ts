import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/adapters/kafka/kafkajs-shape.ts';
import { WriteGate, type WriteProgress } from '../../../src/adapters/kafka/write-gate.ts';

const PRODUCE = 0;
const OFFSET_COMMIT = 8;

function exchange(apiKey: number): Exchange {
  return {
    request: { apiKey, apiVersion: 1, encode: async () => 'bytes' },
    response: {
      decode: async (payload) => ({ decoded: payload.toString() }),
      parse: async () => {
        throw new Error('one error in the answer, so all of it is thrown away');
      },
    },
  };
}

const never = new AbortController().signal;

describe('WriteGate', () => {
  it('lets nothing through while nobody writes', () => {
    expect(() => new WriteGate().admit(exchange(PRODUCE))).toThrow('nobody asked for');
  });

  it('lets one request of the asked kind through, and not a second', async () => {
    const gate = new WriteGate();
    await gate.open(PRODUCE, never, async () => {
      expect(() => gate.admit(exchange(OFFSET_COMMIT))).toThrow('nobody asked for');
      gate.admit(exchange(PRODUCE));
      expect(() => gate.admit(exchange(PRODUCE))).toThrow('nobody asked for');
    });
    expect(() => gate.admit(exchange(PRODUCE))).toThrow('nobody asked for');
  });

  it('knows when the request may have left, and when it was answered; codes stay in the answer', async () => {
    const gate = new WriteGate();
    const seen: WriteProgress[] = [];
    await gate.open(PRODUCE, never, async (ticket) => {
      const { request, response } = gate.admit(exchange(PRODUCE));
      seen.push(ticket.progress);
      expect(await request.encode?.()).toBe('bytes');
      seen.push(ticket.progress);
      const decoded = await response.decode(Buffer.from('answer'));
      seen.push(ticket.progress);
      expect(await response.parse(decoded)).toEqual({ decoded: 'answer' });
    });
    expect(seen).toEqual(['unsent', 'sent', 'answered']);
  });

  it('takes an answer that cannot be decoded for none', async () => {
    const gate = new WriteGate();
    const garbled: Exchange = {
      ...exchange(PRODUCE),
      response: {
        ...exchange(PRODUCE).response,
        decode: async () => Promise.reject(new RangeError('short')),
      },
    };
    await gate.open(PRODUCE, never, async (ticket) => {
      const { request, response } = gate.admit(garbled);
      await request.encode?.();
      await expect(response.decode(Buffer.alloc(0))).rejects.toThrow('short');
      expect(ticket.progress).toBe('sent');
    });
  });

  it('stops a request that was let through but has not left, when told to or when its write is over', async () => {
    const gate = new WriteGate();
    const stop = new AbortController();
    await gate.open(PRODUCE, stop.signal, async (ticket) => {
      const { request } = gate.admit(exchange(PRODUCE));
      stop.abort(new Error('Ctrl-C'));
      await expect(request.encode?.()).rejects.toThrow('Ctrl-C');
      expect(ticket.progress).toBe('unsent');
    });
    const late = await gate.open(PRODUCE, never, async () => gate.admit(exchange(PRODUCE)));
    await expect(late.request.encode?.()).rejects.toThrow('has ended');
    await gate.open(PRODUCE, never, async () => {
      await expect(late.request.encode?.()).rejects.toThrow('has ended');
    });
  });
});
