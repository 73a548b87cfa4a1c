import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { config } from '../../src/commands/config.ts';
import { diagnosis } from '../../src/commands/diagnosis.ts';
import { explain } from '../../src/commands/explain.ts';
import { traceOf } from '../../src/commands/trace.ts';
import { jsonDiagnosis, jsonTrace } from '../../src/report/json.ts';
import {
  configSchema,
  diagnosisSchema,
  explanationSchema,
  publishedSchema,
  traceSchema,
} from '../../src/report/schema.ts';
import { testContext } from '../support/context.ts';
import { INCIDENTS, TOOL } from '../support/golden.ts';
import { idsOf } from '../support/states.ts';

const context = testContext({
  format: 'json',
  settingRows: () => Promise.resolve([{ key: 'kafka.brokers', value: 'kafka:9092', source: 'environment' }]),
});

/** A schema drops what it does not know: equal means that every field is published. */
describe('the published schema', () => {
  it.each(Object.entries(INCIDENTS))('describes the whole document of %s', (_, state) => {
    const document = JSON.parse(jsonDiagnosis(diagnosis(state(), 'diagnose', TOOL, { failOnWarn: false })));
    expect(diagnosisSchema.parse(document)).toEqual(document);
  });

  it.each(Object.entries(INCIDENTS))('describes the whole trace in %s', (_, state) => {
    const payments = [idsOf(1).payment, idsOf(2).payment, idsOf(9).payment];
    const lookups = [{ kind: 'course', id: 'algebra' }] as const;
    const result = traceOf(state(), { payments, lookups }, TOOL, { isRecorded: true });
    const document = JSON.parse(jsonTrace(result));
    expect(traceSchema.parse(document)).toEqual(document);
    expect(document.traces.length + document.notFound.length).toBe(4);
    expect(document.lookups).toHaveLength(1);
  });

  it.each(['offsets/no-record-blocks', 'worker-stopped', 'replay-payment'])(
    'describes the explanation of %s',
    async (id) => {
      const document = JSON.parse((await explain(context, [id])).text);
      expect(explanationSchema.parse(document)).toEqual(document);
    },
  );

  it('describes the settings', async () => {
    const document = JSON.parse((await config(context, [])).text);
    expect(configSchema.parse(document)).toEqual(document);
  });

  it('is in docs/schema.json as the sources say; npm run schema writes it', () => {
    const file = readFileSync(new URL('../../docs/schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(file)).toEqual(publishedSchema());
  });
});
