export type Generation = 'newest' | 'older';

export interface ServiceEnvironment {
  readonly service: string;
  readonly generation: Generation;
  readonly port: number;
  readonly brokers: readonly string[];
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly adminServiceUrl: string;
  readonly courseServiceUrl: string;
  readonly switchesPath: string | undefined;
  /** The topics that there are; undefined: all. The oldest platforms have three. */
  readonly topics: readonly string[] | undefined;
}

/** Throws at import like the platform does: a newest worker without REDIS_URL dies before it says that it starts. */
export function readEnvironment(): ServiceEnvironment {
  return {
    service: required('SERVICE_NAME'),
    generation: process.env['LAB_GENERATION'] === 'older' ? 'older' : 'newest',
    port: Number(process.env['PORT'] ?? '0'),
    brokers: required('KAFKA_BROKERS').split(','),
    postgresUrl: required('POSTGRES_URL'),
    redisUrl: required('REDIS_URL'),
    adminServiceUrl: process.env['ADMIN_SERVICE_URL'] ?? 'http://admin-service:3010',
    courseServiceUrl: process.env['COURSE_SERVICE_URL'] ?? 'http://course-service:3005',
    switchesPath: process.env['LAB_SWITCHES'],
    topics: process.env['LAB_TOPICS']?.split(','),
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} environment variable is required`);
  return value;
}
