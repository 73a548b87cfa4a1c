import type { Kafka, Producer } from 'kafkajs';
import { Pool } from 'pg';
import { readEnvironment, type ServiceEnvironment } from './environment.ts';
import { openKafka, openProducer, type Publish, publisher } from './kafka.ts';
import { type Log, openLog } from './log.ts';
import { type Marks, openMarks } from './marks.ts';
import { readSwitches, type Switches } from './switches.ts';

export interface Service {
  readonly environment: ServiceEnvironment;
  readonly log: Log;
  readonly pool: Pool;
  readonly kafka: Kafka;
  readonly producer: Producer;
  readonly publish: Publish;
  readonly marks: Marks;
  switches(): Switches;
}

type Close = () => Promise<void>;

/** Runs `start`, and closes what it returns on SIGTERM. A failed start ends the process, as Docker restarts it. */
export function runService(start: (service: Service) => Promise<Close>): void {
  const log = openLog(process.env['SERVICE_NAME'] ?? 'service');
  process.on('uncaughtException', (error) => {
    log.error(`uncaughtException: ${error.message}`, { stack: error.stack });
    process.exit(1);
  });
  const service = openService(log);
  // PID 1 of a container ignores signals that it has no handler for, so this comes before anything that can hang.
  let close: Close = async () => process.exit(0);
  const stop = (signal: string): void => {
    log.info(`${signal} received, shutting down gracefully`);
    close().then(
      () => process.exit(0),
      (error: Error) => {
        log.error('Error during shutdown', { message: error.message });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  start(service).then(
    (opened) => {
      close = opened;
    },
    (error: Error) => {
      log.error('Fatal error', { message: error.message, stack: error.stack });
      process.exit(1);
    },
  );
}

function openService(log: Log): Service {
  const environment = readEnvironment();
  const pool = new Pool({ connectionString: environment.postgresUrl, max: 5 });
  // Without a listener an idle connection that the server closes ends the process.
  pool.on('error', (error) => log.error('Unexpected error on idle client', { message: error.message }));
  const kafka = openKafka(environment.service, environment.brokers);
  const producer = openProducer(kafka);
  return {
    environment,
    log,
    pool,
    kafka,
    producer,
    publish: publisher(producer, environment.service, environment.topics),
    marks: openMarks(pool, environment.service),
    switches: () => readSwitches(environment.switchesPath),
  };
}
