import { createServer, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { emptyFolder } from './empty-folder.ts';
import { type Interruption, Interruptions } from './interruptions.ts';

const DOCKER_SOCKET = '/var/run/docker.sock';

/** What is done to a container. */
type Verb = 'start' | 'stop';

export interface CuttingDaemon extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly requests: Interruptions<Verb>;
}

/** Stands before the local Docker daemon, on a Unix socket of its own. */
export async function cuttingDaemon(): Promise<CuttingDaemon> {
  const folder = await emptyFolder();
  const path = join(folder.path, 'docker.sock');
  const requests = new Interruptions<Verb>();
  const server = createServer((asked, answer) => {
    const verb = verbOf(asked);
    const interruption = verb === null ? null : requests.meet(verb);
    const happens = async (at: Interruption['at']): Promise<boolean> => {
      if (interruption?.at !== at) return false;
      await interruption.work();
      if (interruption.next === 'hang-up') asked.socket.destroy();
      interruption.happened();
      return interruption.next !== 'pass';
    };
    const passBack = async (answered: IncomingMessage): Promise<void> => {
      if (await happens('answer')) {
        answered.resume();
        return;
      }
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    };
    const pass = async (): Promise<void> => {
      if (await happens('request')) return;
      if (verb !== null) requests.pass(verb);
      const toDaemon = request(
        { socketPath: DOCKER_SOCKET, method: asked.method, path: asked.url, headers: asked.headers },
        (answered) => void passBack(answered),
      );
      toDaemon.on('error', () => asked.socket.destroy());
      asked.pipe(toDaemon);
    };
    void pass();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await folder[Symbol.asyncDispose]();
    },
  };
}

function verbOf({ method, url }: IncomingMessage): Verb | null {
  const [, verb] = /\/containers\/[^/]+\/(start|stop)(?:\?|$)/.exec(url ?? '') ?? [];
  return method === 'POST' ? ((verb as Verb | undefined) ?? null) : null;
}
