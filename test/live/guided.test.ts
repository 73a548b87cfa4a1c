import { expect, it } from 'vitest';
import type { Lab } from '../../lab/lab.ts';
import { deliveryOf, rowsOf } from '../support/deliveries.ts';
import { emptyFolder } from '../support/empty-folder.ts';
import { injectBeside } from '../support/faults.ts';
import { labMissing, openBlockLab } from '../support/lab.ts';
import { COLUMNS, openLabTerminal } from '../support/lab-terminal.ts';
import { describeLive } from '../support/live.ts';
import { DELIVERED } from '../support/repairs.ts';
import { tmuxMissing } from '../support/terminal.ts';

const CHOICE = /what shall be done\?/;
const CONSENT = /apply this plan\? \(y\/N\)/;

describeLive('fix in a terminal', tmuxMissing ?? labMissing, () => {
  let lab: Lab;
  openBlockLab((opened) => {
    lab = opened;
  });

  it('f02: from the diagnosis to healthy', async () => {
    const { payments, bystander } = await injectBeside(lab, 'f02');
    const untouched = await rowsOf(lab, bystander);
    await using home = await emptyFolder();
    await using terminal = await openLabTerminal(lab, home.path);
    await terminal.start('kc-doctor fix');
    await terminal.until(CHOICE);
    await terminal.press('Enter');
    await terminal.until(CONSENT);
    await terminal.press('y');
    await terminal.press('Enter');
    expect(await terminal.end(120_000)).toBe(0);
    const shown = await terminal.screen();
    const [, run] = /^run (\w+): fixed: 1 payment arrived/m.exec(shown) ?? [];
    const broken = (await terminal.screen({ unbroken: true })).split('\n').filter(isBroken);
    expect(broken).toEqual([]);
    expect(await terminal.isSane()).toBe(true);

    await terminal.start('kc-doctor');
    expect(await terminal.end()).toBe(0);
    expect(await terminal.screen()).toMatch(/^healthy: /m);
    await terminal.start('kc-doctor history');
    expect(await terminal.end()).toBe(0);
    expect(await terminal.screen()).toMatch(new RegExp(`^${run} .*start-worker@allocation.*verified`, 'ms'));
    for (const payment of payments) expect(await deliveryOf(lab, payment)).toEqual(DELIVERED);
    expect(await rowsOf(lab, bystander)).toEqual(untouched);
  });
});

/** Commands and paths stay whole, so that they can be copied. */
function isBroken(line: string): boolean {
  return line.trimEnd().length > COLUMNS && !/by hand:|\.journal/.test(line);
}
