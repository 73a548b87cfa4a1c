import type { LabKafka } from './kafka/client.ts';
import type { ComposeService, Generation, HttpService, Service, Worker } from './platform.ts';

export interface LabOptions {
  /** `default` has the platform's own names (`kodingcaravan-…`); a lab `x` is `kodingcaravan-x-…`. */
  readonly name?: string;
  /** Where everything of this lab lives. Default: `kc-lab-<name>` in the system's temporary directory. */
  readonly directory?: string;
  readonly generation?: Generation;
  /** Workers to deploy. Default: all five. */
  readonly workers?: readonly Worker[];
  /** Send payments until each partition of each group has a commit. Default: false, a young platform. */
  readonly warm?: boolean;
  readonly onProgress?: (text: string) => void;
}

export interface PayOptions {
  /** Of the one payment; payment-service chooses otherwise. */
  readonly paymentId?: string;
  readonly count?: number;
  readonly studentId?: string;
  readonly courseId?: string;
  readonly amountCents?: number;
  readonly metadata?: unknown;
  /** Choose payment ids whose key falls in this partition. */
  readonly partition?: number;
}

/** Changes to a service's container beside what the platform gives it. */
export interface ServiceOverrides {
  /** null takes a variable away. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly memoryBytes?: number;
  /** Docker network to join instead of the lab's own. */
  readonly network?: string;
  /** Replaces `node <bundle>`. */
  readonly command?: readonly string[];
}

export interface ServiceStatus {
  readonly service: ComposeService;
  readonly container: string;
  readonly status: string;
  readonly exitCode: number;
  readonly restartCount: number;
}

export interface LabStatus {
  readonly name: string;
  readonly generation: Generation;
  readonly fault: string | null;
  readonly services: readonly ServiceStatus[];
  readonly groups: readonly { readonly group: string; readonly state: string; readonly members: number }[];
  readonly payments: number;
  readonly undelivered: readonly string[];
}

export interface InjectedFault {
  /** The payments that the fault hurts. */
  readonly payments: readonly string[];
  /** What `heal` must know and may run in another process: offsets, switched ids. Plain JSON strings. */
  readonly notes?: Readonly<Record<string, string>>;
}

export interface Lab {
  readonly name: string;
  readonly project: string;
  readonly directory: string;
  /** Compose file and `.env.production`, as a customer has them. */
  readonly projectDirectory: string;
  /** A kc-doctor configuration that divides graces and silences by 10. */
  readonly configFile: string;
  /** What the operator's shell on the host has beside the project directory. */
  readonly environment: Readonly<Record<string, string>>;
  readonly generation: Generation;
  readonly network: string;
  readonly kafkaHostPort: number;
  /** Superuser. */
  readonly databaseUrl: string;
  /** The role of the platform itself, as in `.env.production`. */
  readonly platformDatabaseUrl: string;
  /** A role that may only select. */
  readonly readOnlyDatabaseUrl: string;
  readonly redisUrl: string;
  readonly kafka: LabKafka;

  pay(options?: number | PayOptions): Promise<readonly string[]>;
  /** Until every one of these payments has its tutoring sessions. */
  waitForSessions(paymentIds: readonly string[], timeoutMs?: number): Promise<void>;
  /** Until every worker has committed all that lies in its topics. */
  waitForIdle(timeoutMs?: number): Promise<void>;
  /** Those of the payments (all, when none are named) that are paid and have no tutoring session. */
  undelivered(paymentIds?: readonly string[]): Promise<readonly string[]>;
  /** Payments until each partition that a worker reads has a commit. */
  warmUp(): Promise<void>;
  /** Until the database's clock says that these payments were confirmed that long ago. */
  waitForAge(paymentIds: readonly string[], ageMs: number): Promise<void>;
  /** Polls until `look` gives something other than undefined or false. */
  until<Value>(
    what: string,
    look: () => Promise<Value | undefined | false>,
    timeoutMs?: number,
  ): Promise<Value>;

  fault(id: string): Promise<InjectedFault>;
  heal(): Promise<void>;
  /** Empty tables, topics and groups, fresh service containers: much faster than down and up. */
  reset(options?: { readonly generation?: Generation; readonly warm?: boolean }): Promise<void>;
  status(): Promise<LabStatus>;
  down(): Promise<void>;
  /** Lets go of connections; the lab stays up. */
  close(): Promise<void>;

  container(service: ComposeService): string;
  /** Base URL on 127.0.0.1 of a service that publishes its port. */
  url(service: HttpService): string;
  start(service: ComposeService): Promise<void>;
  /** A polite `docker stop`. */
  stop(service: ComposeService, graceSeconds?: number): Promise<void>;
  restart(service: ComposeService): Promise<void>;
  kill(service: ComposeService): Promise<void>;
  /** Takes the container away, and the service out of the compose file when asked. */
  remove(service: ComposeService, options?: { readonly fromCompose?: boolean }): Promise<void>;
  /** A new container, in the compose file again if it was taken out; an old one is removed. */
  recreate(service: ComposeService, overrides?: ServiceOverrides): Promise<void>;
  /** Until the worker's group is Stable and it has a member. */
  waitForJoined(worker: Worker, timeoutMs?: number): Promise<void>;
  waitForHealth(service: HttpService): Promise<void>;
  /** Both streams of the container's log. */
  logs(service: ComposeService): Promise<string>;

  sql<Row extends object = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
  ): Promise<readonly Row[]>;
  /** A switch that the service reads before its next event; undefined takes it away. */
  setSwitch(service: Service, name: string, value: unknown): Promise<void>;
  clearSwitches(): Promise<void>;
}
