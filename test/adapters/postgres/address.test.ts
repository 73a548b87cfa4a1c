import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../src/adapters/postgres/address.ts';
import { tlsOfAddress } from '../../../src/adapters/postgres/tls.ts';

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

describe('TLS of an address', () => {
  const base = 'postgres://kc@db.example/kc';

  it.each([
    ['', undefined, { mode: 'disable' }],
    ['', 'true', { mode: 'require' }],
    ['', 'false', { mode: 'disable' }],
    ['?sslmode=disable', 'true', { mode: 'disable' }],
    ['?sslmode=require', undefined, { mode: 'require' }],
    ['?sslmode=prefer', undefined, { mode: 'require' }],
    ['?ssl=true', undefined, { mode: 'require' }],
    ['?ssl=0', 'true', { mode: 'disable' }],
    ['?sslmode=verify-full', undefined, { mode: 'verify-full' }],
    ['?sslmode=verify-ca', undefined, { mode: 'verify-full' }],
    ['?sslmode=verify-ca&sslrootcert=/ca.pem', undefined, { mode: 'require', caFile: '/ca.pem' }],
    ['?sslmode=verify-full&sslrootcert=/ca.pem', undefined, { mode: 'verify-full', caFile: '/ca.pem' }],
    ['?sslmode=require&sslrootcert=/ca.pem', undefined, { mode: 'require', caFile: '/ca.pem' }],
    ['?sslmode=require&sslrootcert=system', undefined, { mode: 'verify-full' }],
    ['?sslmode=no-verify', undefined, { mode: 'require' }],
  ] as const)('reads %s with POSTGRES_SSL %s', (parameters, postgresSsl, expected) => {
    expect(tlsOfAddress(`${base}${parameters}`, postgresSsl)).toEqual(expected);
  });

  it('takes a file that is configured before the one of the address', () => {
    expect(tlsOfAddress(`${base}?sslmode=verify-full&sslrootcert=/ca.pem`, undefined, '/mine.pem')).toEqual({
      mode: 'verify-full',
      caFile: '/mine.pem',
    });
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
