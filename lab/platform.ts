/** The platform as the lab deploys it: services, topics, groups and ports. */

export const GENERATIONS = ['newest', 'older'] as const;
export type Generation = (typeof GENERATIONS)[number];

export const TOPICS = [
  'purchase-confirmed',
  'purchase-created',
  'trainer-allocated',
  'sessions-generated',
  'course-access-granted',
  'notification-requested',
  'dead-letter-queue',
] as const;
export type Topic = (typeof TOPICS)[number];

export const PARTITIONS_PER_TOPIC = 3;

export const WORKERS = [
  'purchase-worker',
  'allocation-worker',
  'session-worker',
  'cache-worker',
  'notification-worker',
] as const;
export type Worker = (typeof WORKERS)[number];

export const HTTP_SERVICES = ['payment-service', 'admin-service', 'course-service'] as const;
export type HttpService = (typeof HTTP_SERVICES)[number];

export type Service = Worker | HttpService;
export const SERVICES: readonly Service[] = [...HTTP_SERVICES, ...WORKERS];

/** What has a container and a place in the compose file. */
export type ComposeService = Service | 'kafka' | 'kafka-init';

export const GROUP_OF: Readonly<Record<Worker, string>> = {
  'purchase-worker': 'purchase-creation-workers',
  'allocation-worker': 'trainer-allocation-workers',
  'session-worker': 'session-scheduling-workers',
  'cache-worker': 'cache-invalidation-workers',
  'notification-worker': 'notification-workers',
};

export const INPUTS_OF: Readonly<Record<Worker, readonly Topic[]>> = {
  'purchase-worker': ['purchase-confirmed'],
  'allocation-worker': ['purchase-created'],
  'session-worker': ['trainer-allocated'],
  'cache-worker': ['purchase-created', 'trainer-allocated', 'sessions-generated'],
  'notification-worker': ['notification-requested'],
};

export const PORT_OF: Readonly<Record<HttpService, number>> = {
  'payment-service': 3007,
  'admin-service': 3010,
  'course-service': 3005,
};

export function isWorker(service: string): service is Worker {
  return (WORKERS as readonly string[]).includes(service);
}

export function isHttpService(service: string): service is HttpService {
  return (HTTP_SERVICES as readonly string[]).includes(service);
}
