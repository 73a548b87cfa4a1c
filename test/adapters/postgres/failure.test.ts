import { describe, expect, it } from 'vitest';
import {
  isConnectionLoss,
  isStatementTimeout,
  postgresFailure,
} from '../../../src/adapters/postgres/failure.ts';
import { ConfigError, DependencyError } from '../../../src/errors.ts';

const context = { address: 'kc@db.example/kc', mask: (text: string) => text.replaceAll('hush-hush', '•••') };

function coded(code: string, message = 'what the server said'): Error {
  return Object.assign(new Error(message), { code });
}

describe('failures of Postgres', () => {
  it.each([
    ['28P01', 'unauthenticated'],
    ['28000', 'unauthenticated'],
    ['42501', 'unauthorized'],
    ['57014', 'timeout'],
    ['55P03', 'timeout'],
    ['53300', 'refused'],
    ['57P03', 'refused'],
    ['08001', 'refused'],
    ['08P01', 'protocol'],
    ['3D000', 'protocol'],
    ['42P01', 'protocol'],
    ['42703', 'protocol'],
    ['25006', 'other'],
    ['XX000', 'other'],
    ['ECONNREFUSED', 'refused'],
    ['ENOTFOUND', 'unresolvable'],
    ['EAI_AGAIN', 'unresolvable'],
    ['ETIMEDOUT', 'timeout'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'protocol'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'protocol'],
  ])('%s is %s', (code, gapCode) => {
    const failure = postgresFailure(coded(code), 'payments of the window', context);
    expect(failure).toBeInstanceOf(DependencyError);
    expect(failure).toMatchObject({ gapCode, system: 'postgres', operation: 'payments of the window' });
    expect(failure.message).toMatch(/^Postgres at kc@db\.example\/kc .*what the server said\.$/);
    expect(failure.hint).toMatch(/\.$/);
  });

  it('says what happened to each address of a name', () => {
    const both = Object.assign(
      new AggregateError([
        coded('ECONNREFUSED', 'connect ::1:5432'),
        coded('ECONNREFUSED', 'connect 127.0.0.1:5432'),
      ]),
      { code: 'ECONNREFUSED' },
    );
    const failure = postgresFailure(both, 'facts of the database', context);
    expect(failure.message).toContain('connect ::1:5432, connect 127.0.0.1:5432');
  });

  it('knows the errors that the client gives no code', () => {
    const gapCodeOf = (message: string) => postgresFailure(new Error(message), 'x', context);
    expect(gapCodeOf('The server does not support SSL connections')).toMatchObject({
      code: 'KC_POSTGRES_TLS',
    });
    expect(gapCodeOf('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')).toMatchObject({
      code: 'KC_POSTGRES_UNAUTHENTICATED',
    });
    expect(isConnectionLoss(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isConnectionLoss(coded('57P01'))).toBe(true);
    expect(isConnectionLoss(coded('57014'))).toBe(false);
    expect(isStatementTimeout(coded('57014'))).toBe(true);
  });

  it('carries no secret, neither in its words nor in its cause', () => {
    const error = Object.assign(coded('28P01', 'password hush-hush is wrong'), {
      detail: 'hush-hush',
      parameters: ['hush-hush'],
    });
    const failure = postgresFailure(error, 'x', context);
    expect(failure.message).toContain('28P01');
    for (const shown of [
      failure.message,
      String(failure.cause),
      JSON.stringify(failure),
      JSON.stringify(failure.cause),
    ]) {
      expect(shown).not.toContain('hush-hush');
    }
  });

  it('leaves an error of ours as it is', () => {
    const error = new ConfigError('KC_POSTGRES_CA', 'unreadable', 'give another');
    expect(postgresFailure(error, 'x', context)).toBe(error);
  });
});
