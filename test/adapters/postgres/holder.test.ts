import { describe, expect, it } from 'vitest';
import { holderOfName, sessionName } from '../../../src/adapters/postgres/ledger/holder.ts';

const SINCE = Date.UTC(2026, 0, 7, 20, 41, 3);
const taker = { run: '7f3a', operator: 'alice', host: 'ops-1', title: 'start container purchase-worker' };

describe('name of the session that holds the lock', () => {
  it('reads as what it is in pg_stat_activity, and back', () => {
    const name = sessionName(taker, SINCE + 217);
    expect(name).toBe('kc-doctor 7f3a 20260107T204103Z alice@ops-1');
    expect(holderOfName(name)).toEqual({
      run: '7f3a',
      operator: 'alice',
      host: 'ops-1',
      title: null,
      sinceMs: SINCE,
    });
  });

  it.each([
    [{ operator: 'alice@example.com' }, { operator: 'alice@example.com', host: 'ops-1' }],
    [{ operator: 'alice b' }, { operator: 'alice b', host: 'ops-1' }],
    [{ operator: 'Zoë' }, { operator: 'Zo?', host: 'ops-1' }],
    [{ operator: 'a'.repeat(80) }, { operator: 'a'.repeat(31), host: '' }],
    [{ run: 'two words' }, { run: 'two-words', operator: 'alice' }],
    [{ host: 'line\nbreak' }, { operator: 'alice', host: 'line?break' }],
  ])('survives %j', (changed, expected) => {
    const name = sessionName({ ...taker, ...changed }, SINCE);
    // NAMEDATALEN - 1
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(holderOfName(name)).toMatchObject({ ...expected, sinceMs: SINCE });
  });

  it.each(['', 'kc-doctor', 'psql', 'kc-doctor 7f3a yesterday alice@ops-1'])(
    'is not taken from %j',
    (name) => {
      expect(holderOfName(name)).toBeNull();
    },
  );
});
