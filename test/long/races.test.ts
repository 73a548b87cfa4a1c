import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { deliveryOf } from '../support/deliveries.ts';
import { doctor } from '../support/doctor.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { describeLive } from '../support/live.ts';

const RACES = 20;
const FINDING_AGE_MS = 13_000;
const RACE_TIMEOUT_MS = 180_000;

describeLive('two operators at once', labMissing, () => {
  let lab: Lab;
  openBlockLab(
    (opened) => {
      lab = opened;
    },
    { warm: true },
  );

  it.each(Array.from({ length: RACES }, (_, index) => index + 1))(
    'race %i: one proceeds, the other is refused',
    { timeout: RACE_TIMEOUT_MS },
    async (race) => {
      await using alice = await emptyFolder();
      await using bob = await emptyFolder();
      await lab.stop('allocation-worker');
      const [payment = ''] = await lab.pay(1);
      await lab.waitForAge([payment], FINDING_AGE_MS);
      const fix = (home: string) =>
        doctor(['fix', '--yes', '--json', '--project', lab.project, '--config', lab.configFile], {
          cwd: lab.projectDirectory,
          environment: { HOME: home },
        });
      const runs = await Promise.all([fix(alice.path), fix(bob.path)]);
      const codes = runs.map(({ exitCode }) => exitCode).toSorted();
      const told = runs.map(({ stdout, stderr }) => `${stdout}\n${stderr}`).join('\n---\n');
      expect(codes[0], told).toBe(0);
      // 2: the lock is held; 11: the other was faster still and the worker runs; 0: it came when all was done.
      expect([0, 2, 11], told).toContain(codes[1]);
      const refused = runs.find(({ exitCode }) => exitCode === 2);
      // What the other is doing has no place to stand before the first repair of all has made the journal.
      const what = race === 1 ? '' : ' \\(start-worker@allocation for 1 payment\\)';
      const holder = new RegExp(`Run \\w+${what}.* by .* holds the repair lock since \\d{4}-.* UTC`);
      if (refused !== undefined) expect(refused.stderr).toMatch(holder);
      expect(await deliveryOf(lab, payment)).toMatchObject({
        purchases: 1,
        liveAllocations: 1,
        doubledSlots: 0,
      });
    },
  );
});
