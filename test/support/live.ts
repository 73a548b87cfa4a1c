import { describe } from 'vitest';

/**
 * Live tests meet real systems. Asked for means required: with KC_LIVE=required a missing system fails the run, otherwise the
 * block is skipped and `scripts/test.mjs` says so in the last lines of the run.
 */
const LIVE_REQUIRED = process.env['KC_LIVE'] === 'required';

export function describeLive(name: string, missing: string | null, body: () => void): void {
  if (missing !== null && !LIVE_REQUIRED) {
    describe.skip(`${name} [not run: ${missing}]`, body);
    return;
  }
  describe(name, body);
}
