import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DependencyError } from '../../src/errors.ts';
import type { ContainerState } from '../../src/platform/state.ts';
import type { ContainerRuntimeOperator } from '../../src/ports/container-runtime.ts';

export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface ContainerSpec {
  readonly name: string;
  readonly project?: string;
  readonly service?: string;
  readonly oneOff?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly composeFile?: string;
  /** Written at each start. */
  readonly output?: readonly Output[];
  /** Its process ends with it at once. Without, it stays, and ends politely when it is stopped. */
  readonly exitCode?: number;
}

/** A daemon on which the suite may make containers. Others may be on it, which it must not touch. */
export interface RuntimeHarness extends AsyncDisposable {
  open(secrets?: readonly string[]): ContainerRuntimeOperator;
  /** As `docker create`. Returns the id. */
  create(spec: ContainerSpec): Promise<string>;
  /** Starts it from outside and returns when its output is in the log, and its process has ended if it does not stay. */
  start(id: string): Promise<void>;
  stop(id: string): Promise<void>;
  /** Returns the path. */
  writeComposeFile(services: readonly string[]): Promise<string>;
  /** State and size of the log of every container that the suite has made. */
  fingerprint(): Promise<unknown>;
}

const NO_SUCH_ID = 'f'.repeat(64);
const EVERYTHING = { tailLines: 1_000, untilMs: null, maxBytes: 1_000_000 };

export function containerRuntimeContract(name: string, begin: () => Promise<RuntimeHarness>): void {
  describe(name, () => {
    let harness: RuntimeHarness;
    let project: string;
    const signal = (): AbortSignal => AbortSignal.timeout(30_000);
    const named = (suffix: string): string => `${project}-${suffix}`;

    beforeAll(async () => {
      harness = await begin();
    });
    afterAll(async () => {
      await harness[Symbol.asyncDispose]();
    });
    beforeEach(() => {
      project = `kcd-${crypto.randomUUID().slice(0, 12)}`;
    });

    /** Asks, and proves that asking changed nothing. */
    async function looking<T>(
      ask: (runtime: ContainerRuntimeOperator) => Promise<T>,
      secrets: readonly string[] = [],
    ): Promise<T> {
      const before = await harness.fingerprint();
      try {
        await using runtime = harness.open(secrets);
        return await ask(runtime);
      } finally {
        expect(await harness.fingerprint()).toEqual(before);
      }
    }

    async function failure(
      ask: (runtime: ContainerRuntimeOperator) => Promise<unknown>,
    ): Promise<DependencyError> {
      const error = await looking(ask).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof DependencyError))
        throw new Error('expected a DependencyError', { cause: error });
      return error;
    }

    async function stateOf(id: string): Promise<ContainerState> {
      const containers = await looking((runtime) => runtime.containers(signal()));
      const found = containers.find((container) => container.id === id);
      if (found === undefined) throw new Error(`container ${id} is not listed`);
      return found;
    }

    async function running(spec: Omit<ContainerSpec, 'exitCode'>): Promise<string> {
      const id = await harness.create(spec);
      await harness.start(id);
      return id;
    }

    const lines = (...texts: readonly string[]): readonly Output[] =>
      texts.map((text) => ({ stream: 'stdout', text }));

    describe('looking', () => {
      it('knows which daemon it is, every time', async () => {
        const facts = await looking((runtime) => runtime.facts(signal()));
        expect(facts).toEqual({
          daemonId: expect.stringMatching(/./),
          address: expect.stringMatching(/./),
          serverVersion: expect.stringMatching(/./),
        });
        expect(await looking((runtime) => runtime.facts(signal()))).toEqual(facts);
      });

      it('sees containers that were never started, run, and have ended', async () => {
        const created = await harness.create({ name: named('created') });
        const up = await running({ name: named('up') });
        const failed = await harness.create({ name: named('failed'), exitCode: 7 });
        await harness.start(failed);
        expect(await stateOf(created)).toMatchObject({
          name: named('created'),
          status: 'created',
          exitCode: null,
          startedAtMs: null,
          finishedAtMs: null,
        });
        const state = await stateOf(up);
        expect(state).toMatchObject({ status: 'running', exitCode: null, restartCount: 0, oomKilled: false });
        expect(state.startedAtMs).toBeGreaterThanOrEqual(state.createdAtMs);
        const ended = await stateOf(failed);
        expect(ended).toMatchObject({ status: 'exited', exitCode: 7, oomKilled: false });
        // A process that ends at once has ended before the daemon notes that it was started.
        expect(ended.finishedAtMs).toBeGreaterThanOrEqual(ended.createdAtMs);
      });

      it('tells service, project and one-off', async () => {
        const spec = { project, service: 'purchase-worker' } as const;
        const worker = await harness.create({ ...spec, name: named('a') });
        const oneOff = await harness.create({ ...spec, name: named('b'), oneOff: true });
        const foreign = await harness.create({ name: named('c') });
        expect(await stateOf(worker)).toMatchObject({ service: 'purchase-worker', project, oneOff: false });
        expect(await stateOf(oneOff)).toMatchObject({ service: 'purchase-worker', project, oneOff: true });
        expect(await stateOf(foreign)).toMatchObject({ service: null, project: null, oneOff: false });
      });

      it('lets brokers and the place of the database out of the environment, and nothing else', async () => {
        const id = await harness.create({
          name: named('a'),
          environment: {
            KAFKA_BROKERS: 'kafka:9092',
            POSTGRES_URL: 'postgresql://kc:hunter22@db.example:6543/kc?sslmode=require',
            JWT_SECRET: 'hunter23',
          },
        });
        const state = await stateOf(id);
        expect(state).toMatchObject({
          brokerList: 'kafka:9092',
          database: { host: 'db.example', port: 6543, name: 'kc' },
        });
        expect(JSON.stringify(state)).not.toContain('hunter');
      });
    });

    describe('logs', () => {
      it('hold both streams in the order of time', async () => {
        const output: readonly Output[] = [
          { stream: 'stdout', text: 'one' },
          { stream: 'stderr', text: 'two ü' },
          { stream: 'stdout', text: '' },
          { stream: 'stderr', text: '{"level":"ERROR","message":"four"}' },
        ];
        const id = await running({ name: named('a'), output });
        const tail = await looking((runtime) => runtime.logTail(id, EVERYTHING, signal()));
        expect(tail.lines.map(({ stream, text }) => ({ stream, text }))).toEqual(output);
        expect(tail.whole).toBe(true);
        const times = tail.lines.map(({ atMs }) => atMs);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times.every((atMs) => Number.isInteger(atMs))).toBe(true);
      });

      it('are read from the end', async () => {
        const id = await running({ name: named('a'), output: lines('one', 'two', 'three', 'four') });
        const options = { ...EVERYTHING, tailLines: 2 };
        const tail = await looking((runtime) => runtime.logTail(id, options, signal()));
        expect(tail.lines.map(({ text }) => text)).toEqual(['three', 'four']);
        expect(tail.whole).toBe(false);
      });

      it('are read back to the present start, further than was asked for', async () => {
        const id = await running({ name: named('a'), output: lines('one', 'two', 'three', 'four', 'five') });
        await harness.stop(id);
        await harness.start(id);
        const { startedAtMs } = await stateOf(id);
        const options = { tailLines: 1, untilMs: startedAtMs, maxBytes: 1_000_000 };
        const tail = await looking((runtime) => runtime.logTail(id, options, signal()));
        // Lines of a run may be a little older than the start that the daemon notes for it.
        expect(tail.lines.slice(-5).map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four', 'five']);
        expect(tail.whole || (tail.lines[0]?.atMs ?? Infinity) < (startedAtMs ?? 0)).toBe(true);
      });

      it('stay within their limit in bytes, newest lines first', async () => {
        const texts = Array.from({ length: 40 }, (_, index) => `${'x'.repeat(100)} ${index}`);
        const id = await running({ name: named('a'), output: lines(...texts) });
        const options = { tailLines: 5, untilMs: 0, maxBytes: 2_000 };
        const tail = await looking((runtime) => runtime.logTail(id, options, signal()));
        expect(tail.lines.length).toBeGreaterThanOrEqual(5);
        expect(tail.lines.length).toBeLessThanOrEqual(20);
        expect(tail.lines.at(-1)?.text).toBe(texts.at(-1));
        expect(tail.whole).toBe(false);
      });

      it('of a container that said nothing are empty and whole', async () => {
        const id = await harness.create({ name: named('a') });
        const tail = await looking((runtime) => runtime.logTail(id, EVERYTHING, signal()));
        expect(tail).toEqual({ lines: [], whole: true });
      });

      it('outlive their container’s run', async () => {
        const id = await harness.create({
          name: named('a'),
          output: lines('last words'),
          exitCode: 1,
        });
        await harness.start(id);
        const tail = await looking((runtime) => runtime.logTail(id, EVERYTHING, signal()));
        expect(tail.lines.map(({ text }) => text)).toEqual(['last words']);
      });

      it('come with secrets masked', async () => {
        const id = await running({ name: named('a'), output: lines('login with s3cr3t-of-mine failed') });
        const ask = (runtime: ContainerRuntimeOperator) => runtime.logTail(id, EVERYTHING, signal());
        const tail = await looking(ask, ['s3cr3t-of-mine']);
        expect(tail.lines.map(({ text }) => text)).toEqual(['login with ••• failed']);
      });
    });

    describe('compose files', () => {
      it('say which services are declared, whether or not they have a container', async () => {
        const composeFile = await harness.writeComposeFile(['kafka', 'purchase-worker', 'cache-worker']);
        await harness.create({ name: named('a'), project, service: 'kafka', composeFile });
        const compose = await looking((runtime) => runtime.compose(project, signal()));
        expect(compose).toEqual({
          files: [composeFile],
          services: ['kafka', 'purchase-worker', 'cache-worker'],
        });
      });

      it('of several runs are taken together', async () => {
        const first = await harness.writeComposeFile(['kafka']);
        const second = await harness.writeComposeFile(['purchase-worker']);
        for (const [index, composeFile] of [first, second].entries()) {
          await harness.create({ name: named(`${index}`), project, service: 'x', composeFile });
        }
        const compose = await looking((runtime) => runtime.compose(project, signal()));
        expect(compose.services.toSorted()).toEqual(['kafka', 'purchase-worker']);
      });

      it('that are not here leave the services unknown, not empty', async () => {
        const composeFile = '/nowhere/docker-compose.yml';
        await harness.create({ name: named('a'), project, service: 'kafka', composeFile });
        const error = await failure((runtime) => runtime.compose(project, signal()));
        expect(error).toMatchObject({ system: 'compose', gapCode: 'incomplete' });
      });

      it('of an unknown project are unknown', async () => {
        const error = await failure((runtime) => runtime.compose(project, signal()));
        expect(error).toMatchObject({ system: 'compose', gapCode: 'incomplete' });
      });
    });

    describe('starting and stopping', () => {
      it('starts what is stopped, and nothing else', async () => {
        const bystander = await running({ name: named('bystander') });
        const stopped = await harness.create({ name: named('stopped') });
        const target = await harness.create({ name: named('target') });
        const before = await Promise.all([stateOf(bystander), stateOf(stopped)]);
        await using runtime = harness.open();
        await runtime.start(target, signal());
        expect(await stateOf(target)).toMatchObject({ status: 'running', exitCode: null });
        expect(await Promise.all([stateOf(bystander), stateOf(stopped)])).toEqual(before);
      });

      it('leaves a running container alone', async () => {
        const id = await running({ name: named('a') });
        const before = await stateOf(id);
        await using runtime = harness.open();
        await runtime.start(id, signal());
        expect(await stateOf(id)).toEqual(before);
      });

      it('stops politely, once', async () => {
        const bystander = await running({ name: named('bystander') });
        const id = await running({ name: named('a') });
        const before = await stateOf(bystander);
        await using runtime = harness.open();
        await runtime.stop(id, 10, signal());
        const stopped = await stateOf(id);
        expect(stopped).toMatchObject({ status: 'exited', exitCode: 0, oomKilled: false });
        await runtime.stop(id, 10, signal());
        expect(await stateOf(id)).toEqual(stopped);
        expect(await stateOf(bystander)).toEqual(before);
      });

      it('starts again what it stopped: the same container, its log continued', async () => {
        const id = await running({ name: named('a'), output: lines('hello') });
        const first = await stateOf(id);
        await using runtime = harness.open();
        await runtime.stop(id, 10, signal());
        await runtime.start(id, signal());
        const second = await stateOf(id);
        expect(second).toMatchObject({ id, status: 'running', restartCount: first.restartCount });
        expect(second.startedAtMs).toBeGreaterThanOrEqual(first.startedAtMs ?? Infinity);
        await expect
          .poll(async () => (await runtime.logTail(id, EVERYTHING, signal())).lines.map(({ text }) => text))
          .toEqual(['hello', 'hello']);
      });
    });

    describe('failing', () => {
      it.each<[string, (runtime: ContainerRuntimeOperator) => Promise<unknown>]>([
        ['logTail', (runtime) => runtime.logTail(NO_SUCH_ID, EVERYTHING, signal())],
        ['start', (runtime) => runtime.start(NO_SUCH_ID, signal())],
        ['stop', (runtime) => runtime.stop(NO_SUCH_ID, 1, signal())],
      ])('%s of no container is an error', async (_, ask) => {
        expect(await failure(ask)).toMatchObject({ system: 'docker', gapCode: 'other' });
      });

      it('does nothing for a caller that has stopped waiting', async () => {
        const id = await harness.create({ name: named('a') });
        for (const ask of [
          (runtime: ContainerRuntimeOperator) => runtime.facts(AbortSignal.abort()),
          (runtime: ContainerRuntimeOperator) => runtime.containers(AbortSignal.abort()),
          (runtime: ContainerRuntimeOperator) => runtime.logTail(id, EVERYTHING, AbortSignal.abort()),
          (runtime: ContainerRuntimeOperator) => runtime.compose(project, AbortSignal.abort()),
          (runtime: ContainerRuntimeOperator) => runtime.start(id, AbortSignal.abort()),
          (runtime: ContainerRuntimeOperator) => runtime.stop(id, 1, AbortSignal.abort()),
        ]) {
          expect(await failure(ask)).toMatchObject({ system: 'docker', gapCode: 'timeout' });
        }
        expect(await stateOf(id)).toMatchObject({ status: 'created' });
      });
    });
  });
}
