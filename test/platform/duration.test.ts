import { expect, it } from 'vitest';
import { durationText } from '../../src/platform/duration.ts';

it.each([
  [-5, '0 s'],
  [12_900, '12 s'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [7_199_000, '119 min'],
  [7_200_000, '2 h'],
  [172_799_000, '47 h'],
  [259_200_000, '3 days'],
])('says %i ms as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
