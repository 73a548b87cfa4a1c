import { z } from 'zod';
import { CONTRADICTIONS } from '../platform/contradictions.ts';
import { HOP_STATUSES } from '../platform/effects.ts';
import { RUN_ENDS } from '../platform/journal-entry.ts';
import { LOOKUP_KINDS } from '../platform/lookup.ts';
import { GAP_CODES, SYSTEMS } from '../platform/observed.ts';
import { PAYMENT_CLASSES } from '../platform/payment.ts';
import { STAGES } from '../platform/pipeline.ts';
import { RUN_LOCKS } from '../platform/state.ts';
import { PREVIEWS, REPAIR_IDS, REVERSIBILITIES, RISKS } from '../repair/plan.ts';
import { COHORT_KINDS, HOPS } from '../trace/trace.ts';

/**
 * The published shape of every JSON document. Within a major version fields are added, never changed: objects that programs read
 * are open, and ids come from the catalogue. Offsets are decimal strings, times ISO 8601 in UTC.
 */
const time = z.string().describe('ISO 8601, UTC');
const offset = z
  .string()
  .regex(/^-?\d+$/)
  .describe('offset as a decimal string');
const stage = z.enum(STAGES).nullable().describe('null: the whole platform');

const gap = z.object({
  system: z.enum(SYSTEMS),
  operation: z.string(),
  code: z.enum(GAP_CODES),
  reason: z.string(),
  hint: z.string(),
});

const finding = z.object({
  severity: z.enum(['warn', 'fail']),
  subject: z.record(z.string(), z.unknown()),
  stage: stage,
  observed: z.string(),
  expected: z.string(),
  summary: z.string(),
  hint: z.string(),
  payments: z.array(z.string()),
});

const check = z.object({
  id: z.string(),
  title: z.string(),
  required: z.boolean(),
  status: z.enum(['pass', 'warn', 'fail', 'skipped', 'unknown']),
  summary: z.string(),
  findings: z.array(finding),
  gap: gap.nullable(),
});

const cause = z.object({
  id: z.string(),
  stage,
  title: z.string(),
  probability: z.number().min(0).max(1),
  level: z.enum(['confirmed', 'likely', 'possible', 'unlikely']),
  evidence: z.array(z.object({ for: z.boolean(), text: z.string(), observation: z.string() })),
  probe: z.string(),
  repairs: z.array(z.string()),
});

const firstMissing = z.object({
  state: z.enum(['complete', 'in-progress', 'stuck', 'undetermined']),
  hop: z.enum(HOPS).nullable(),
  untilHop: z.enum(HOPS).nullable(),
  gap: gap.nullable(),
});

const amount = z.object({ currency: z.string(), cents: z.number().int() });

const cohort = z.object({
  kind: z.enum(COHORT_KINDS),
  stage,
  firstMissing,
  count: z.number().int().min(1),
  sum: z.array(amount),
  oldestAt: time,
  newestAt: time,
  payments: z.array(z.string()),
  determined: z.boolean(),
  causes: z.array(cause),
  together: z.array(cause),
});

const latent = z.object({
  id: z.string(),
  stage,
  title: z.string(),
  text: z.string(),
  repairs: z.array(z.string()),
});

const hop = z.object({
  id: z.enum(HOPS),
  stage,
  kind: z.enum(['effect', 'witness', 'page']),
  status: z.enum(HOP_STATUSES),
  at: time.nullable(),
  detail: z.string(),
  gap: gap.nullable(),
});

const common = {
  schemaVersion: z.literal(1),
  tool: z.object({ name: z.literal('kc-doctor'), version: z.string() }),
  command: z.string(),
  startedAt: time,
  durationMs: z.number().int().min(0),
  exitCode: z.number().int(),
  headline: z.string(),
  platform: z.object({
    name: z.string(),
    composeProject: z.string().nullable(),
    kafkaClusterId: z.string().nullable(),
    database: z.string().nullable(),
    belongsTogether: z.enum(['proved', 'contradicted', 'not-provable']),
  }),
  coverage: z.object({ looked: z.array(z.string()), notLooked: z.array(gap) }),
};

const runSeen = z.object({
  run: z.string(),
  operator: z.string(),
  title: z.string().describe('what its first plan does, in one line'),
  startedAt: time,
  lastAt: time.describe('of its newest entry in the journal'),
  end: z
    .object({ kind: z.enum(RUN_ENDS), at: time })
    .nullable()
    .describe('null: it is still going on, or its process died'),
  stopped: z
    .array(
      z.object({
        service: z.string(),
        container: z.string(),
        at: time,
        certain: z.boolean().describe('false: what came of the stop is not in the journal'),
      }),
    )
    .describe('what it stopped and did not start again'),
  lock: z.enum(RUN_LOCKS).describe('who has the repair lock now, as seen from this run'),
});

export const diagnosisSchema = z.object({
  ...common,
  checks: z.array(check),
  cohorts: z.array(cohort),
  latent: z.array(latent),
  payments: z
    .object({
      windowFrom: time,
      succeeded: z.number().int(),
      arrived: z.number().int(),
      lastArrivedAt: time.nullable(),
      olderMissing: z.number().int().nullable(),
    })
    .nullable(),
  runs: z
    .array(runSeen)
    .nullable()
    .describe('repairs of the window, newest first; null: the journal was not looked at'),
});

const tracedPaymentSchema = z.object({
  payment: z.string(),
  class: z.enum(PAYMENT_CLASSES),
  amount,
  confirmedAt: time.nullable(),
  firstMissing,
  hops: z.array(hop),
  contradictions: z.array(
    z.object({ kind: z.enum(CONTRADICTIONS), stage: z.enum(STAGES), text: z.string() }),
  ),
  position: z
    .object({ group: z.string(), topic: z.string(), partition: z.number().int(), offset })
    .nullable(),
  cohort: cohort.nullable(),
});

export const traceSchema = z.object({
  ...common,
  lookups: z
    .array(
      z.object({
        kind: z.enum(LOOKUP_KINDS),
        id: z.string(),
        payments: z.array(z.string()),
        complete: z.boolean().describe('false: there may be more than these'),
        gap: gap.nullable(),
      }),
    )
    .describe('payments found by another id than their own'),
  traces: z.array(tracedPaymentSchema),
  notFound: z.array(
    z.object({
      kind: z.enum(['payment', ...LOOKUP_KINDS]).describe('what the id was given as'),
      id: z.string(),
      why: z.string(),
      proved: z.boolean(),
      leadsTo: z.array(z.string()).describe('payments behind an id that is of another kind'),
    }),
  ),
});

const plain = { schemaVersion: common.schemaVersion, tool: common.tool };

export const configSchema = z.object({
  ...plain,
  command: z.literal('config'),
  settings: z.array(z.object({ key: z.string(), value: z.string(), source: z.string() })),
});

export const explanationSchema = z.object({
  ...plain,
  command: z.literal('explain'),
  kind: z.enum(['check', 'cause', 'repair']),
  id: z.string(),
  title: z.string(),
  explain: z.string(),
  probe: z.string().nullable().describe('what settles whether a cause holds; null for others'),
  risk: z.enum(RISKS).nullable().describe('of a repair; null for others'),
  offeredFor: z.array(z.string()).describe('causes that a repair is offered for'),
});

export type ConfigDocument = z.infer<typeof configSchema>;
export type ExplanationDocument = z.infer<typeof explanationSchema>;
export type DiagnosisDocument = z.infer<typeof diagnosisSchema>;
export type TraceDocument = z.infer<typeof traceSchema>;

/** What `fix` plans: everything it would do, before anybody is asked. Its action and precondition are open: each kind has its own fields. */
export const planSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  fingerprint: z.string(),
  platform: z.string(),
  identity: z.object({
    composeProject: z.string().nullable(),
    dockerDaemonId: z.string().nullable(),
    kafkaClusterId: z.string().nullable(),
    databaseSystemId: z.string().nullable(),
    databaseOid: z.number().int().nullable(),
    databaseName: z.string().nullable(),
  }),
  confirm: z.string().nullable().describe('the text that --confirm must carry; null: --yes is enough'),
  steps: z.array(
    z.object({
      number: z.number().int().min(1),
      repair: z.enum(REPAIR_IDS),
      stage,
      title: z.string(),
      action: z.looseObject({
        kind: z.enum([
          'stop-container',
          'start-container',
          'wait-group-empty',
          'wait-member',
          'create-topic',
          'commit-offsets',
          'produce-record',
          'wait-drain',
          'instruct',
        ]),
      }),
      before: z.string(),
      after: z.string(),
      whySafe: z.string(),
      reversibility: z.enum(REVERSIBILITIES),
      risk: z.enum(RISKS),
      precondition: z.looseObject({ kind: z.string() }),
      byHand: z.string(),
    }),
  ),
  payments: z.array(z.string()),
  previews: z.array(
    z.object({
      payment: z.string().nullable(),
      effect: z.enum(PREVIEWS),
      refuses: z.boolean(),
      topic: z.string(),
      partition: z.number().int(),
      offset: offset.nullable(),
      text: z.string(),
    }),
  ),
  refusals: z.array(
    z.object({
      repair: z.enum(REPAIR_IDS),
      stage,
      reason: z.string(),
      hint: z.string(),
      payments: z.array(z.string()),
    }),
  ),
  warnings: z.array(z.string()),
});

export type PlanDocument = z.infer<typeof planSchema>;

const phase = z.object({
  phase: z.number().int().min(1),
  isUndo: z.boolean().describe('steps that take a phase back'),
  plan: planSchema,
  steps: z.array(
    z.object({
      number: z.number().int().min(1),
      status: z.enum(['intended', 'done', 'not-done', 'unknown']),
      text: z.string(),
    }),
  ),
});

export const repairSchema = z.object({
  ...plain,
  command: z.enum(['fix', 'undo']),
  exitCode: z.number().int(),
  headline: z.string(),
  plan: planSchema.nullable().describe('null: nothing was planned'),
  run: z.string().nullable().describe('null: nothing was applied'),
  outcome: z
    .object({
      kind: z.enum(['fixed', 'remaining', 'undone', 'needs-person', 'stale', 'interrupted']),
      reasons: z.array(z.string()).describe('what is still wrong, or what a person must do'),
      stays: z.array(z.string()).describe('what was not taken back and does no harm'),
      phases: z.array(phase),
    })
    .nullable(),
});

export const historySchema = z.object({
  ...plain,
  command: z.literal('history'),
  runs: z.array(
    z.object({
      run: z.string(),
      operator: z.string(),
      reason: z.string().nullable(),
      startedAt: time,
      lastAt: time,
      end: z
        .object({
          kind: z.enum(['verified', 'failed', 'undone', 'interrupted']),
          at: time,
          text: z.string(),
        })
        .nullable()
        .describe('null: it goes on, or its process died'),
      phases: z.array(phase),
    }),
  ),
});

export type RepairDocument = z.infer<typeof repairSchema>;
export type HistoryDocument = z.infer<typeof historySchema>;

/**
 * The published JSON schema (docs/schema.json), generated from the same definitions: one definition per command.
 * @internal exported for its tests
 */
export function publishedSchema(): unknown {
  const definitions = {
    diagnose: diagnosisSchema,
    trace: traceSchema,
    config: configSchema,
    explain: explanationSchema,
    fix: repairSchema,
    history: historySchema,
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Documents that kc-doctor --json prints',
    anyOf: Object.keys(definitions).map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(
      Object.entries(definitions).map(([name, schema]) => {
        // Open objects: a later version adds fields.
        const { $schema: _, ...definition } = z.toJSONSchema(schema, { io: 'input' });
        return [name, definition];
      }),
    ),
  };
}
