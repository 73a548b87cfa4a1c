import { describe, expect, it } from 'vitest';
import { addressText, parseAddress } from '../../../src/adapters/kafka/address.ts';
import type { Address } from '../../../src/adapters/kafka/options.ts';
import { findRoute, type RouteFinders } from '../../../src/adapters/kafka/routes.ts';
import { tlsOptions } from '../../../src/adapters/kafka/sockets.ts';

const advertised = { host: 'kafka', port: 9092 };
const bootstrap = { host: '127.0.0.1', port: 19_092 };
const published = { host: '127.0.0.1', port: 29_092 };
const mapped = { host: '10.0.0.5', port: 9_092 };

const nothing: RouteFinders = { map: new Map(), resolves: async () => false, candidate: async () => null };

describe('findRoute', () => {
  const preferences: [string, Partial<RouteFinders>, Address][] = [
    [
      'the address map before all else',
      { map: new Map([['kafka:9092', mapped]]), resolves: async () => true },
      mapped,
    ],
    [
      'the name itself where it resolves',
      { resolves: async () => true, candidate: async () => published },
      advertised,
    ],
    ['what Docker shows before the bootstrap address', { candidate: async () => published }, published],
    ['the bootstrap address of the sole broker', {}, bootstrap],
  ];
  it.each(preferences)('takes %s', async (_, finders, address) => {
    expect(await findRoute(advertised, bootstrap, { ...nothing, ...finders })).toEqual({
      kind: 'dial',
      address,
    });
  });

  it('gives up rather than map one of several brokers to the bootstrap address', async () => {
    expect(await findRoute(advertised, null, nothing)).toEqual({ kind: 'unroutable' });
  });

  it('does not take a mapping of another port', async () => {
    const finders = { ...nothing, map: new Map([['kafka:9093', mapped]]) };
    expect(await findRoute(advertised, null, finders)).toEqual({ kind: 'unroutable' });
  });
});

describe('parseAddress', () => {
  it.each([
    ['kafka:9092', 'kafka:9092'],
    [' PLAINTEXT://kafka:9092 ', 'kafka:9092'],
    ['SASL_SSL://b-1.example.com:9096', 'b-1.example.com:9096'],
    ['[::1]:9092', '[::1]:9092'],
  ])('reads %s', (text, expected) => {
    expect(addressText(parseAddress(text, 'kafka.brokers'))).toBe(expected);
  });

  it.each([
    ['kafka'],
    ['kafka:'],
    ['kafka:0'],
    ['kafka:70000'],
    ['::1:9092'],
    ['http://kafka:9092/x'],
    ['user:pw@kafka:9092'],
  ])('refuses %s', (text) => {
    expect(() => parseAddress(text, 'kafka.brokers')).toThrow('kafka.brokers');
  });
});

describe('tlsOptions', () => {
  it('verifies and asks for the advertised name, wherever it is dialled', () => {
    expect(tlsOptions(true, advertised)).toEqual({ servername: 'kafka' });
    expect(tlsOptions({ ca: 'pem', servername: 'other' }, advertised)).toEqual({
      servername: 'other',
      ca: 'pem',
    });
  });

  it('verifies an advertised address without asking for it by name', () => {
    const { checkServerIdentity, ...rest } = tlsOptions(true, { host: '10.0.0.5', port: 9093 });
    expect(rest).toEqual({});
    const certificate = { subject: { CN: 'x' }, subjectaltname: 'IP Address:10.0.0.5' } as never;
    expect(checkServerIdentity?.('127.0.0.1', certificate)).toBeUndefined();
  });
});
