import { describe, expect, it } from 'vitest';
import { type AddressCandidate, type Routing, routeTo, routeUrl } from '../../src/config/address-map.ts';
import { parseAddress } from '../../src/platform/address.ts';

const candidates: readonly AddressCandidate[] = [
  { host: 'kafka', port: 9092, to: { host: '127.0.0.1', port: 19092 }, via: 'published-port' },
  { host: 'kafka', port: null, to: { host: '172.20.0.9', port: null }, via: 'container-address' },
  { host: 'db', port: null, to: { host: '172.20.0.3', port: null }, via: 'container-address' },
];

function routing(change: Partial<Routing> = {}): Routing {
  return { addressMap: {}, candidates, resolves: async () => false, ...change };
}

describe('an address', () => {
  it('that configuration maps goes there, even if it resolves', async () => {
    const mapped = routing({ addressMap: { 'kafka:9092': '10.0.0.1:9' }, resolves: async () => true });
    expect(await routeTo({ host: 'kafka', port: 9092 }, mapped)).toEqual({
      host: '10.0.0.1',
      port: 9,
      via: 'configured',
    });
  });

  it('that resolves is used as it is', async () => {
    const resolving = routing({ resolves: async () => true });
    expect(await routeTo({ host: 'kafka', port: 9092 }, resolving)).toMatchObject({
      host: 'kafka',
      via: 'direct',
    });
  });

  it("that only a container has goes to its published port, else to the container's address", async () => {
    expect(await routeTo({ host: 'Kafka', port: 9092 }, routing())).toMatchObject({
      port: 19092,
      via: 'published-port',
    });
    expect(await routeTo({ host: 'kafka', port: 29092 }, routing())).toEqual({
      host: '172.20.0.9',
      port: 29092,
      via: 'container-address',
    });
  });

  it('that nobody knows is left alone, so that the real error shows', async () => {
    expect(await routeTo({ host: 'nowhere', port: 1 }, routing())).toEqual({
      host: 'nowhere',
      port: 1,
      via: 'direct',
    });
  });
});

describe('a URL', () => {
  it('keeps user, password, path and parameters', async () => {
    const { url } = await routeUrl('postgresql://kc:p%40ss@db/kc?sslmode=require', routing());
    expect(url).toBe('postgresql://kc:p%40ss@172.20.0.3:5432/kc?sslmode=require');
  });

  it('that goes to a Unix socket stays as it is', async () => {
    const text = 'postgresql:///kc?host=/var/run/postgresql';
    expect(await routeUrl(text, routing())).toEqual({ url: text, via: 'direct' });
  });
});

describe('host:port', () => {
  it('is read with IPv6 and refused without a port, with a scheme or with a user', () => {
    expect(parseAddress('[::1]:9092')).toEqual({ host: '::1', port: 9092 });
    for (const text of ['kafka', 'kafka:0', 'kafka:99999', 'http://kafka:1', 'me@kafka:1', '']) {
      expect(parseAddress(text)).toBeNull();
    }
  });
});
