import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { documentOf, summaryOf } from '../support/doctor.ts';
import { injectAndLook, look } from '../support/faults.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';

describeLive('healthy but noisy platforms, live', labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  it.each(['h1', 'h3', 'h9', 'h11'])('%s: healthy, and nobody is called stuck', async (id) => {
    const { run, document, hurt } = await injectAndLook(lab, id);
    const told = summaryOf(document);
    expect(
      hurt.filter(({ kind }) => kind === 'stuck' || kind === 'needs-decision' || kind === 'undetermined'),
      told,
    ).toEqual([]);
    expect(run.exitCode, told).toBe(0);
    await lab.heal();
  });

  it('h4: a polite restart of a worker while it looks is no fault', async () => {
    await lab.reset({ generation: 'newest', warm: true });
    for (const worker of ['purchase-worker', 'allocation-worker', 'session-worker'] as const) {
      const [run] = await Promise.all([look(lab), lab.restart(worker)]);
      const document = documentOf(run);
      expect(run.exitCode, summaryOf(document)).toBe(0);
      await lab.waitForJoined(worker);
    }
  });

  it('h7, h8: doubled announcements and marks of cache-worker beside finished work are healthy', async () => {
    await lab.reset({ generation: 'newest', warm: true });
    await lab.waitForSessions(await lab.pay(6));
    await lab.waitForIdle();
    const run = await look(lab);
    const document = documentOf(run);
    expect(run.exitCode, summaryOf(document)).toBe(0);
    expect(document.cohorts).toEqual([]);
  });
});
