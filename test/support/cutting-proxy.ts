import { connect, type Socket } from 'node:net';
import { serveTcp, type TestServer } from './tcp.ts';

/**
 * before-broker: the broker never gets the request. before-answer: it has carried it out, and the connection breaks instead of its
 * answer. silence: it has carried it out, and nothing comes back on a connection that stays open.
 */
export type Cut = 'before-broker' | 'before-answer' | 'silence';

export interface CuttingProxy extends TestServer {
  /** The `nth` request of this kind from now on is cut, once. Resolves when that has happened. */
  cut(apiKey: number, cut: Cut, nth?: number): Promise<void>;
  /** Requests of this kind that were passed to the broker, on all connections. */
  passed(apiKey: number): number;
}

interface PlannedCut {
  readonly apiKey: number;
  readonly cut: Cut;
  left: number;
  readonly happened: () => void;
}

/** Stands before one Kafka broker, without TLS, and passes on whole requests and answers. */
export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const passed = new Map<number, number>();
  let planned: PlannedCut | null = null;

  const due = (apiKey: number): PlannedCut | null => {
    if (planned === null || planned.apiKey !== apiKey) return null;
    planned.left -= 1;
    if (planned.left > 0) return null;
    const now = planned;
    planned = null;
    return now;
  };

  const server = await serveTcp((client) => {
    const broker = connect(Number(port), hostname);
    /** Correlation ids of requests whose answers must not arrive, with what happens in their place. */
    const withheld = new Map<number, () => void>();
    let isMute = false;
    const hangUp = (): void => {
      client.destroy();
      broker.destroy();
    };
    broker.on('error', hangUp);
    broker.once('close', () => client.destroy());
    client.once('close', () => broker.destroy());
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4);
      const cut = due(apiKey);
      if (cut?.cut === 'before-broker') {
        cut.happened();
        hangUp();
        return;
      }
      if (cut !== null) {
        withheld.set(frame.readInt32BE(8), () => {
          if (cut.cut === 'before-answer') hangUp();
          else isMute = true;
          cut.happened();
        });
      }
      passed.set(apiKey, (passed.get(apiKey) ?? 0) + 1);
      broker.write(frame);
    });
    onFrames(broker, (frame) => {
      withheld.get(frame.readInt32BE(4))?.();
      if (!isMute && client.writable) client.write(frame);
    });
  });
  return {
    ...server,
    cut: (apiKey, cut, nth = 1) =>
      new Promise((happened) => {
        planned = { apiKey, cut, left: nth, happened };
      }),
    passed: (apiKey) => passed.get(apiKey) ?? 0,
  };
}

const SIZE_BYTES = 4;

/** Requests and answers alike begin with their size. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let buffered = Buffer.alloc(0);
  socket.on('data', (data) => {
    buffered = Buffer.concat([buffered, data]);
    while (buffered.length >= SIZE_BYTES && buffered.length >= SIZE_BYTES + buffered.readInt32BE(0)) {
      const length = SIZE_BYTES + buffered.readInt32BE(0);
      take(buffered.subarray(0, length));
      buffered = buffered.subarray(length);
    }
  });
}
