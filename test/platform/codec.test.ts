import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/platform/codec.ts';

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^\\{0,3}-?\d{1,20}n$/),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('the codec', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decode(encode({ value }))).toEqual({ value });
      }),
      { numRuns: 500 },
    );
  });

  it('writes an offset as its digits and an n, and a text that looks like one with a backslash', () => {
    expect(encode({ offset: 41n, text: '41n' })).toBe('{"offset":"41n","text":"\\\\41n"}');
  });
});
