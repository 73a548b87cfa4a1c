import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../src/adapters/postgres/address.ts';

describe('address of Postgres', () => {
  it('is taken apart, with the password decoded and not shown', () => {
    expect(parseTarget('postgresql://kc:p%40ss%2Fword@db.example:6543/platform?sslmode=require')).toEqual({
      host: 'db.example',
      port: 6543,
      user: 'kc',
      password: 'p@ss/word',
      database: 'platform',
      address: 'kc@db.example:6543/platform',
    });
  });

  it('leaves out what is usual', () => {
    expect(parseTarget('postgres://kc@db.example')).toMatchObject({
      port: 5432,
      password: null,
      database: 'kc',
      address: 'kc@db.example/kc',
    });
    expect(parseTarget('postgres://kc@[::1]/kc')).toMatchObject({ host: '::1', address: 'kc@[::1]/kc' });
  });

  it('may name the folder of a socket', () => {
    expect(parseTarget('postgres://kc@/platform?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      database: 'platform',
    });
  });

  it.each([
    'mysql://kc:hush-hush@db/kc',
    'postgres://kc:hush#hush@db/kc',
    'kc:hush-hush@db',
    'postgres://kc:hush%2hush@db/kc',
    'postgres://:hush-hush@db/kc',
    'postgres://kc:hush-hush@db/kc?port=x',
  ])('is refused without being repeated: %s', (url) => {
    const refusal = caught(() => parseTarget(url));
    expect(refusal).toMatchObject({ code: 'KC_POSTGRES_URL', hint: expect.stringContaining('POSTGRES_URL') });
    expect(refusal).not.toHaveProperty('cause');
    expect(String(refusal)).not.toContain('hush');
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}
