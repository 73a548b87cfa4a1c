import { z } from 'zod';
import { parseDuration } from './durations.ts';

/**
 * Shape of kc-doctor.json / kc-doctor.yaml. Secrets are never written here: `…From` names the variable or the file that holds
 * one. Loaded only where a config file exists, since zod costs 45 ms.
 */

const text = z
  .string({
    error: (issue) =>
      issue.input === undefined ? 'is missing; add it' : 'is not a text; write it in quotes',
  })
  .trim()
  .min(1, 'is empty; write a text or leave the key out');
const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: `is not an object; write it with the keys ${Object.keys(shape).join(', ')}`,
  });
const flag = z.boolean({ error: 'is not a truth value; write true or false' });
const DURATION_WAY_OUT = 'write "45s", "36h" or "7d", or a number of milliseconds';

const duration = z
  .union([z.number(), z.string()], { error: `is not a duration; ${DURATION_WAY_OUT}` })
  .transform((value, context) => {
    const ms = typeof value === 'number' ? value : parseDuration(value);
    if (ms !== null && Number.isFinite(ms) && ms >= 0) return ms;
    context.addIssue({ code: 'custom', message: `"${value}" is not a duration; ${DURATION_WAY_OUT}` });
    return z.NEVER;
  });

const texts = (what: string) =>
  z
    .array(text, { error: `is not a list of ${what}; write ["…", "…"]` })
    .min(1, `is empty; name the ${what} or leave the key out`);

const share = z
  .number({ error: 'is not a number; write a share between 0 and 1' })
  .min(0, 'is below 0; write a share between 0 and 1')
  .max(1, 'is above 1; write a share between 0 and 1, 0.75 for 75 %');
const count = z
  .int({ error: 'is not a whole number; write 1 or more' })
  .min(1, 'is below 1; write 1 or more');

const secretFrom = z.union([object({ env: text }), object({ file: text })], {
  error: 'does not say where the secret is; write {"env": "NAME"} or {"file": "path"}',
});

const tls = z.union(
  [
    z.boolean(),
    object({
      caFile: text.optional(),
      certFile: text.optional(),
      keyFile: text.optional(),
      servername: text.optional(),
    }),
  ],
  { error: 'is not a TLS setting; write true, or an object with caFile, certFile, keyFile, servername' },
);

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const SSL_MODES = ['disable', 'require', 'verify-full'] as const;

const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `is not known; write one of ${values.join(', ')}` });

const addressMap = z.record(text, text, {
  error: 'is not an address map; write {"kafka:9092": "127.0.0.1:9092"}',
});

const thresholds = object({
  recordSentGraceMs: duration.optional(),
  recordReadGraceMs: duration.optional(),
  purchaseRowGraceMs: duration.optional(),
  allocationRowGraceMs: duration.optional(),
  sessionsGraceMs: duration.optional(),
  cacheGraceMs: duration.optional(),
  logSilenceMs: duration.optional(),
  restartLoopCount: count.optional(),
  restartLoopWindowMs: duration.optional(),
  retentionWarnShare: share.optional(),
  retentionFailShare: share.optional(),
  skewWarnMs: duration.optional(),
  skewFailMs: duration.optional(),
  pendingAllocationWarnMs: duration.optional(),
});

const pin = object({
  composeProject: text.optional(),
  dockerDaemonId: text.optional(),
  kafkaClusterId: text.optional(),
  databaseSystemId: text.optional(),
  databaseOid: z.int({ error: 'is not a whole number; write the oid of the database' }).optional(),
  databaseName: text.optional(),
});

/** One platform. A profile is one complete set of these: nothing of the file's top level is mixed in. */
const platform = {
  project: text.optional(),
  /** Folder of the platform's env files; relative to this file. */
  projectDir: text.optional(),
  /** Read instead of the platform's own four names, in this order; relative to this file. */
  envFiles: texts('env files').optional(),
  runtime: oneOf(['docker', 'none']).optional(),
  singleHost: flag.optional(),
  managedKafka: flag.optional(),
  generation: oneOf(['older', 'newest']).optional(),
  docker: object({ host: text.optional() }).optional(),
  kafka: object({
    brokers: z
      .union([text, texts('brokers')], { error: 'is not a broker list; write ["host:9092"]' })
      .optional(),
    tls: tls.optional(),
    sasl: object({ mechanism: oneOf(SASL_MECHANISMS), username: text, passwordFrom: secretFrom }).optional(),
    /** Part of the one address map; it may stand here because Kafka needs it most. */
    addressMap: addressMap.optional(),
  }).optional(),
  postgres: object({
    urlFrom: secretFrom.optional(),
    ssl: oneOf(SSL_MODES).optional(),
    caFile: text.optional(),
  }).optional(),
  adminService: object({ url: text.optional(), tokenFrom: secretFrom.optional() }).optional(),
  redis: object({ urlFrom: secretFrom }).optional(),
  addressMap: addressMap.optional(),
  expected: object({
    topics: texts('topics').optional(),
    workers: texts('workers').optional(),
    partitionCount: count.optional(),
  }).optional(),
  thresholds: thresholds.optional(),
  window: duration.optional(),
  timeout: duration.optional(),
  failOn: oneOf(['fail', 'warn']).optional(),
  timeZone: text.optional(),
  pin: pin.optional(),
  /** Which repairs `fix` may offer; a profile that says "none" only diagnoses. */
  repairs: z
    .union([z.literal('all'), z.literal('none'), texts('repairs')], {
      error: 'is not known; write "all", "none" or a list of repair ids',
    })
    .optional(),
};

const platformSchema = object(platform);
export const fileSchema = object({
  $schema: text.optional(),
  ...platform,
  profiles: z.record(text, platformSchema).optional(),
});

export type PlatformFile = z.infer<typeof platformSchema>;
export type SecretFrom = z.infer<typeof secretFrom>;
export type SslMode = (typeof SSL_MODES)[number];
