import { type Address, formatAddress, namesOf, parseAddress } from './address.ts';
import { isUuid, type PaymentId } from './ids.ts';
import type { Observed } from './observed.ts';
import { DEFAULT_EXPECTED_WORKERS, NEWER_WORKERS } from './pipeline.ts';
import type {
  BelongsTogether,
  ClusterFacts,
  ContainerInventory,
  ContainerState,
  IdentityProof,
} from './state.ts';

/**
 * Whether containers, Kafka and database are one platform (design.md 4.1). Three links are tried: the workers' broker list
 * (containers to Kafka), the newest keys (Kafka to database), the workers' database (containers to database).
 *
 * Contradicted: any link contradicts. Proved: none does, and the links that agree join all systems that were seen. A link
 * contradicts only where no other reading is left, because then nothing is diagnosed at all; a name that merely differs is not
 * comparable.
 */
export interface IdentityQuestion {
  readonly inventory: Observed<ContainerInventory>;
  /** Masked, as the runtime gives it; a port published by another machine is not on our loopback. Null: not known. */
  readonly dockerAddress: string | null;
  readonly cluster: Observed<ClusterFacts>;
  /** Bootstrap addresses as we used them, with commas. */
  readonly kafkaAddress: string | null;
  /** Last keys of purchase-confirmed. */
  readonly recentKeys: readonly string[];
  /** Those of the keys that are in payments; null: not asked or not answered. */
  readonly knownPayments: readonly PaymentId[] | null;
  /** As we used it, masked: "kc@db.example:5433/kc". */
  readonly databaseAddress: string | null;
  /** Null: the database was not seen. */
  readonly databaseName: string | null;
}

export function belongsTogether(question: IdentityQuestion): BelongsTogether {
  const brokers = brokerListProof(question);
  const keys = keysProof(question);
  const proofs = [brokers, keys, databaseProof(question, wayOverKafka(question, brokers, keys))];
  if (proofs.some((proof) => proof.outcome === 'contradicts')) return { verdict: 'contradicted', proofs };
  return { verdict: joinsAll(question, proofs) ? 'proved' : 'not-provable', proofs };
}

/** Whether the broker that the workers use holds the keys of our payments; untried where payments were not asked for them. */
type WayOverKafka = 'agrees' | 'untried' | 'leads elsewhere';

function wayOverKafka(
  { knownPayments }: IdentityQuestion,
  brokers: IdentityProof,
  keys: IdentityProof,
): WayOverKafka {
  if (brokers.outcome !== 'agrees') return 'leads elsewhere';
  if (keys.outcome === 'agrees') return 'agrees';
  return knownPayments === null ? 'untried' : 'leads elsewhere';
}

type Party = 'containers' | 'kafka' | 'database';

const JOINS: Readonly<Record<IdentityProof['id'], readonly [Party, Party]>> = {
  'broker-list': ['containers', 'kafka'],
  'keys-in-payments': ['kafka', 'database'],
  database: ['containers', 'database'],
};

/** Of two systems one link is needed, of three two; one system alone has nothing to be compared with. */
function joinsAll(question: IdentityQuestion, proofs: readonly IdentityProof[]): boolean {
  const seen: readonly Party[] = [
    ...(workersOf(question).length > 0 ? (['containers'] as const) : []),
    ...(question.cluster.kind === 'seen' ? (['kafka'] as const) : []),
    ...(question.databaseName === null ? [] : (['database'] as const)),
  ];
  const joined = proofs.filter(
    (proof) => proof.outcome === 'agrees' && JOINS[proof.id].every((party) => seen.includes(party)),
  );
  return seen.length > 1 && joined.length >= seen.length - 1;
}

function workersOf({ inventory }: IdentityQuestion): readonly ContainerState[] {
  if (inventory.kind === 'unseen') return [];
  const workers: readonly (string | null)[] = [...DEFAULT_EXPECTED_WORKERS, ...NEWER_WORKERS];
  return inventory.value.containers.filter(
    (container) => workers.includes(container.service) && !container.oneOff,
  );
}

type Comparison = Pick<IdentityProof, 'outcome' | 'text'>;

/**
 * Several workers: one that agrees is enough, since a single worker with a wrong address is a fault to diagnose and not another
 * platform.
 */
function best(id: IdentityProof['id'], comparisons: readonly Comparison[], nothing: string): IdentityProof {
  const chosen =
    comparisons.find((comparison) => comparison.outcome === 'agrees') ??
    comparisons.find((comparison) => comparison.outcome === 'contradicts') ??
    comparisons[0];
  return { id, outcome: chosen?.outcome ?? 'not-comparable', text: chosen?.text ?? nothing };
}

function brokerListProof(question: IdentityQuestion): IdentityProof {
  const workers = workersOf(question);
  const ours = (question.kafkaAddress ?? '')
    .split(',')
    .map(parseAddress)
    .filter((address) => address !== null);
  if (ours.length === 0) return best('broker-list', [], 'no Kafka address of ours to compare with');
  const comparisons = workers.flatMap((worker) =>
    (worker.brokerList ?? '')
      .split(',')
      .map(parseAddress)
      .filter((address) => address !== null)
      .map((broker) => compareBroker(question, worker, broker, ours)),
  );
  return best('broker-list', comparisons, 'no worker with a broker list was seen');
}

function compareBroker(
  question: IdentityQuestion,
  worker: ContainerState,
  broker: Address,
  ours: readonly Address[],
): Comparison {
  const theirs = `${worker.name} uses ${formatAddress(broker)}`;
  const used = ours.map(formatAddress).join(', ');
  const advertised = question.cluster.kind === 'seen' ? question.cluster.value.brokers : null;
  if (isLoopback(broker.host)) {
    const sameHost =
      worker.networkMode === 'host' &&
      ours.some((address) => isLoopback(address.host) && address.port === broker.port);
    return sameHost
      ? { outcome: 'agrees', text: `${theirs} on the host's network, as we do` }
      : { outcome: 'not-comparable', text: `${theirs}, which is the worker itself` };
  }
  const container = containerNamed(question, broker.host);
  if (container !== null) {
    if (ours.some((address) => leadsTo(question, container, address, broker.port))) {
      return { outcome: 'agrees', text: `${theirs}: container ${container.name}, which we reach at ${used}` };
    }
    // Every platform advertises kafka:9092, so the name decides nothing where our address is not the container's.
    const names = namesOf(container);
    const advertisesIt = advertised?.some((listener) => names.includes(listener.host.toLowerCase())) ?? true;
    return advertisesIt
      ? { outcome: 'not-comparable', text: `${theirs}; whether ${used} leads there is not known` }
      : {
          outcome: 'contradicts',
          text: `${theirs}: container ${container.name}, but ${used} is another cluster`,
        };
  }
  const known = [...ours, ...(advertised ?? [])];
  // A name without a dot means something else on every network.
  const isGlobal = /[.:]/.test(broker.host);
  return isGlobal && known.some((address) => isSame(address, broker))
    ? { outcome: 'agrees', text: `${theirs}, and so do we` }
    : { outcome: 'not-comparable', text: `${theirs}, we use ${used}` };
}

/** Fewer unknown keys may be payments that were deleted, or records that somebody made by hand. */
const KEYS_THAT_CONTRADICT = 5;

function keysProof({ recentKeys, knownPayments }: IdentityQuestion): IdentityProof {
  const id = 'keys-in-payments';
  const keys = [...new Set(recentKeys.map((key) => key.toLowerCase()))].filter(isUuid);
  if (keys.length === 0)
    return { id, outcome: 'not-comparable', text: 'purchase-confirmed holds no key of a payment' };
  if (knownPayments === null)
    return { id, outcome: 'not-comparable', text: 'payments could not be asked for the newest keys' };
  const known = new Set(knownPayments.map((payment) => payment.toLowerCase()));
  const found = keys.filter((key) => known.has(key)).length;
  const text = `${found} of the last ${keys.length} keys on purchase-confirmed are in payments`;
  if (found > 0) return { id, outcome: 'agrees', text };
  return { id, outcome: keys.length >= KEYS_THAT_CONTRADICT ? 'contradicts' : 'not-comparable', text };
}

function databaseProof(question: IdentityQuestion, way: WayOverKafka): IdentityProof {
  const { databaseName } = question;
  const ours = databasePlace(question.databaseAddress);
  if (ours === null || databaseName === null) return best('database', [], 'the database was not seen');
  const comparisons = workersOf(question).flatMap((worker) =>
    worker.database === null
      ? []
      : [
          compareDatabase(
            question,
            worker,
            worker.database,
            { ...ours, name: databaseName, askedFor: databaseAsked(question.databaseAddress) },
            way,
          ),
        ],
  );
  return best('database', comparisons, "no worker's database was seen");
}

interface DatabasePlace extends Address {
  readonly name: string;
}

function compareDatabase(
  question: IdentityQuestion,
  worker: ContainerState,
  theirs: DatabasePlace,
  ours: DatabasePlace & { readonly askedFor: string | null },
  way: WayOverKafka,
): Comparison {
  const text = `${worker.name} uses ${shown(theirs)}, we use ${shown(ours)}`;
  const sameHost = isSameDatabaseHost(question, worker, theirs, ours);
  const sameName = theirs.name === ours.name;
  if (sameHost === true && sameName) {
    return { outcome: 'agrees', text: `${worker.name} uses ${shown(theirs)}, and so do we` };
  }
  // A copy on the same server holds the same keys. Only a pooler calls one database by two names, and then ours is another one, too.
  const isByAlias = ours.askedFor !== ours.name;
  // A published port has another number.
  const isSameServer =
    sameHost === true && (theirs.port === ours.port || containerNamed(question, theirs.host) !== null);
  if (isSameServer && !sameName && !isByAlias) return { outcome: 'contradicts', text };
  // A pooler, a replica or a second DNS name is another address of the same data: then the way over Kafka leads there as well.
  if (sameHost === null || way === 'agrees') return { outcome: 'not-comparable', text };
  // A port on our loopback is mostly a pooler or a tunnel; while Kafka is silent nothing says where it leads.
  if (way === 'untried' && sameName && isLoopback(ours.host)) return { outcome: 'not-comparable', text };
  return { outcome: 'contradicts', text };
}

/** Null: the worker's address means nothing outside its own network. */
function isSameDatabaseHost(
  question: IdentityQuestion,
  worker: ContainerState,
  theirs: DatabasePlace,
  ours: DatabasePlace,
): boolean | null {
  const container = containerNamed(question, theirs.host);
  if (container !== null) return leadsTo(question, container, ours, theirs.port);
  const onHost = worker.networkMode === 'host' && isLoopback(theirs.host);
  if (onHost || isDockerHost(worker, theirs.host))
    return isLoopback(ours.host) && theirs.port === ours.port ? true : null;
  // localhost in a container is the container, not this host.
  if (isLoopback(theirs.host)) return null;
  return theirs.host.toLowerCase() === ours.host.toLowerCase();
}

/** "kc@db.example:5433/kc" as the database's reader shows it; the port is left out where it is 5432. */
function databasePlace(address: string | null): Address | null {
  const place = /@(.+)\/[^/]*$/.exec(address ?? '')?.[1];
  if (place === undefined) return null;
  return parseAddress(place) ?? { host: place.replace(/^\[|\]$/g, ''), port: 5432 };
}

/** The name that we asked for; a pooler may know the database by another one. */
function databaseAsked(address: string | null): string | null {
  return /@.+\/([^/]*)$/.exec(address ?? '')?.[1] ?? null;
}

function containerNamed({ inventory }: IdentityQuestion, host: string): ContainerState | null {
  if (inventory.kind === 'unseen') return null;
  return (
    inventory.value.containers.find((container) => namesOf(container).includes(host.toLowerCase())) ?? null
  );
}

/** Whether our address is this container's port: by one of its names, by its own address, or as a published port. */
function leadsTo(
  question: IdentityQuestion,
  container: ContainerState,
  ours: Address,
  port: number,
): boolean {
  const host = ours.host.toLowerCase();
  if (namesOf(container).includes(host)) return ours.port === port;
  if (container.networks.some((network) => network.ipAddress === host)) return ours.port === port;
  const remote = remoteDockerHost(question.dockerAddress);
  const onDockerHost = remote === null ? isLoopback(host) : host === remote;
  if (container.networkMode === 'host') return onDockerHost && ours.port === port;
  return container.publishedPorts.some(
    (published) => published.hostPort === ours.port && (onDockerHost || published.hostIp === host),
  );
}

/** Null: the daemon is on this machine, or reached through it. */
function remoteDockerHost(address: string | null): string | null {
  const host = /^tcp:\/\/(.+)$/.exec(address ?? '')?.[1];
  const remote = host === undefined ? null : (parseAddress(host)?.host ?? host).toLowerCase();
  return remote === null || isLoopback(remote) ? null : remote;
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1)$/i.test(host);
}

/** The host as a container names it: Docker's alias, or the gateway (first address) of one of its networks. */
function isDockerHost(worker: ContainerState, host: string): boolean {
  if (host.toLowerCase() === 'host.docker.internal') return true;
  const gateways = worker.networks.map((network) => network.ipAddress?.replace(/\.\d+$/, '.1'));
  return gateways.includes(host) || host === '172.17.0.1';
}

function isSame(a: Address, b: Address): boolean {
  return a.host.toLowerCase() === b.host.toLowerCase() && a.port === b.port;
}

function shown(place: DatabasePlace): string {
  return `${place.port === 5432 ? place.host : formatAddress(place)}/${place.name}`;
}
