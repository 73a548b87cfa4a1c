import { connect, type Socket } from 'node:net';
import { type Interruption, Interruptions } from './interruptions.ts';
import { serveTcp, type TestServer } from './tcp.ts';

export interface CuttingProxy extends TestServer {
  /** By Kafka's api keys; requests on all connections. */
  readonly requests: Interruptions<number>;
}

/** Stands before one Kafka broker, without TLS, and passes on whole requests and answers. */
export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const requests = new Interruptions<number>();
  const server = await serveTcp((client) => {
    const broker = connect(Number(port), hostname);
    /** By the correlation ids of their requests. */
    const withheld = new Map<number, Interruption>();
    let isMute = false;
    const hangUp = (): void => {
      client.destroy();
      broker.destroy();
    };
    broker.on('error', hangUp);
    broker.once('close', () => client.destroy());
    client.once('close', () => broker.destroy());

    const toBroker = (apiKey: number, frame: Buffer): void => {
      requests.pass(apiKey);
      broker.write(frame);
    };
    const toClient = (frame: Buffer): void => {
      if (!isMute && client.writable) client.write(frame);
    };
    const interrupt = async (interruption: Interruption, pass: () => void): Promise<void> => {
      await interruption.work();
      if (interruption.next === 'pass') pass();
      else if (interruption.next === 'hang-up') hangUp();
      else isMute = true;
      interruption.happened();
    };
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4);
      const interruption = requests.meet(apiKey);
      if (interruption?.at === 'request') {
        void interrupt(interruption, () => toBroker(apiKey, frame));
        return;
      }
      if (interruption !== null) withheld.set(frame.readInt32BE(8), interruption);
      toBroker(apiKey, frame);
    });
    onFrames(broker, (frame) => {
      const interruption = withheld.get(frame.readInt32BE(4));
      if (interruption === undefined) toClient(frame);
      else void interrupt(interruption, () => toClient(frame));
    });
  });
  return { ...server, requests };
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
