import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { documentOf, summaryOf } from '../support/doctor.ts';
import { evidenceFor, injectAndLook, look, nameOf } from '../support/faults.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';

/** What must stand among the evidence for the top cause, true by what the injection did. */
const EVIDENCE: Readonly<Record<string, RegExp>> = {
  f04: /Cannot find module '\.\/config\/pricing'/,
  f05: /killed for want of memory|restarts/,
  f09: /its broker list is localhost:9092/,
  f10: /getaddrinfo/,
  f11: /the broker does not answer here .*, nor to the workers/,
  f12: /password authentication failed/,
  f13: /start_date/,
  f18: /6 partitions, 3 expected/,
  f28: /records were not lost/,
  f32: /no PURCHASE_CONFIRMED, and the topic no record/,
  f34: /purchase-worker has not read the event/,
  f35: /its record was never sent/,
  f36: /PURCHASE_CONFIRMED was marked by fix-script/,
  f41: /has no courseId/,
  f42: /had this course already/,
  f45: /admin-service is exited/,
  f50: /pending without a trainer/,
  f56: /pending allocations of this purchase/,
  f57: /failed to process TRAINER_ALLOCATED/,
  f60: /the losses begin at the log start/,
  f61: /Connection error/,
  f62: /REDIS_URL environment variable is required/,
  c1: /has no container/,
  c2: /older than the worker/,
  c5: /allocation-worker marked PURCHASE_CREATED, and there is no allocation/,
};

describeLive('further documented faults and pairs, live', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  it.each(Object.keys(EVIDENCE))('%s: its cause on top, healthy after', async (id) => {
    const { expects, payments, run, document, hurt } = await injectAndLook(lab, id);
    const told = summaryOf(document);
    const first = hurt.find((cohort) => cohort.payments.some((each) => each === payments[0]));
    expect(nameOf(first?.causes[0], expects.topCause), told).toBe(expects.topCause);
    expect(evidenceFor(first?.causes[0]), told).toMatch(EVIDENCE[id] ?? /./);
    if (expects.alsoCause !== undefined) {
      const { alsoCause } = expects;
      const others = hurt.flatMap(({ causes, together }) => [...causes.slice(0, 1), ...together]);
      expect(
        others.map((cause) => nameOf(cause, alsoCause)),
        told,
      ).toContain(alsoCause);
    }
    expect(run.exitCode, told).toBe(expects.exitCode);

    await lab.heal();
    const after = await look(lab);
    expect(after.exitCode, summaryOf(documentOf(after))).toBe(0);
  });
});
