import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import { staticConfig } from '../../src/config/static-config.ts';
import { DoctorError } from '../../src/errors.ts';
import { input, NOW_MS } from './memory-files.ts';

const sourceOf = (config: Config, key: string) => config.rows.find((row) => row.key === key)?.source;
const shownAs = (config: Config, key: string) => config.rows.find((row) => row.key === key)?.value;

async function refusal(promise: Promise<unknown>): Promise<DoctorError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof DoctorError) return error;
  throw new Error('it was accepted');
}

describe('with nothing configured', () => {
  it('has the documented defaults and says so', async () => {
    const config = await staticConfig(input());
    expect(config.settings.expectedTopics).toEqual([
      'purchase-confirmed',
      'purchase-created',
      'trainer-allocated',
    ]);
    expect(config.settings.windowMs).toBe(7 * 86_400_000);
    expect(config.timeoutMs).toBe(15_000);
    expect(config.kafka.brokers).toEqual([]);
    expect(config.postgres).toBeNull();
    expect(sourceOf(config, 'window')).toBe('default');
    expect(shownAs(config, 'postgres.url')).toBe('not set');
  });
});

describe('precedence', () => {
  const texts = {
    '/srv/kc/kc-doctor.json': '{"kafka": {"brokers": "file:1"}, "project": "from-file", "window": "2d"}',
    '/srv/kc/.env.production':
      'KAFKA_BROKERS=production:3\nPOSTGRES_URL=postgres://kc:hunter22@production/kc',
    '/srv/kc/.env.local': 'KAFKA_BROKERS=local:4\nREDIS_URL=redis://local:6379',
  };

  it('puts a flag before the config file', async () => {
    const config = await staticConfig(input({ texts, flags: { project: 'from-flag', since: '36h' } }));
    expect([config.project, config.settings.windowMs]).toEqual(['from-flag', 36 * 3_600_000]);
    expect(sourceOf(config, 'project')).toBe('--project');
  });

  it('puts the config file before the environment', async () => {
    const config = await staticConfig(input({ texts, environment: { KAFKA_BROKERS: 'environment:2' } }));
    expect(config.kafka.brokers).toEqual(['file:1']);
    expect(sourceOf(config, 'kafka.brokers')).toBe('/srv/kc/kc-doctor.json');
  });

  it('puts the environment before the env files, an alias as well', async () => {
    const { '/srv/kc/kc-doctor.json': _, ...envFiles } = texts;
    const config = await staticConfig(
      input({ texts: envFiles, environment: { KAFKA_BROKER: 'environment:2' } }),
    );
    expect(config.kafka.brokers).toEqual(['environment:2']);
    expect(sourceOf(config, 'kafka.brokers')).toBe('environment KAFKA_BROKER');
  });

  it("reads the env files in the platform's own order", async () => {
    const { '/srv/kc/kc-doctor.json': _, ...envFiles } = texts;
    const config = await staticConfig(input({ texts: envFiles }));
    expect(config.kafka.brokers).toEqual(['production:3']);
    expect(config.redis?.url).toBe('redis://local:6379');
    expect(sourceOf(config, 'redis.url')).toBe('/srv/kc/.env.local REDIS_URL');
    expect(config.projectDir).toBe('/srv/kc');
  });

  it('takes an empty variable for one that is not set', async () => {
    const config = await staticConfig(input({ texts, environment: { POSTGRES_URL: ' ' } }));
    expect(config.postgres?.url).toContain('@production/kc');
  });

  it('reads the compose folder only where neither a flag nor the current folder has env files', async () => {
    const folder = { kind: 'known', path: '/opt/compose' } as const;
    const compose = { '/opt/compose/.env': 'KAFKA_BROKERS=compose:5' };
    expect((await staticConfig(input({ texts: compose }), folder)).kafka.brokers).toEqual(['compose:5']);
    const both = await staticConfig(
      input({ texts: { ...compose, '/srv/kc/.env': 'KAFKA_BROKERS=here:6' } }),
      folder,
    );
    expect(both.kafka.brokers).toEqual(['here:6']);
  });
});

describe('admin-service', () => {
  it('is found by host and port from one place', async () => {
    const environment = { SERVICES_HOST: '10.0.0.7', ADMIN_SERVICE_PORT: '3010' };
    expect((await staticConfig(input({ environment }))).adminService.baseUrl).toBe('http://10.0.0.7:3010');
  });

  it('is not put together from two places', async () => {
    const config = await staticConfig(
      input({
        environment: { SERVICES_HOST: '10.0.0.7' },
        texts: { '/srv/kc/.env': 'ADMIN_SERVICE_PORT=3010' },
      }),
    );
    expect(config.adminService.baseUrl).toBeNull();
  });
});

describe('TLS to Postgres', () => {
  const modeOf = async (environment: Record<string, string>) =>
    (await staticConfig(input({ environment }))).postgres?.ssl.mode;
  const url = 'postgresql://kc:hunter22@db.example/kc';

  it('follows sslmode, then POSTGRES_SSL', async () => {
    expect(await modeOf({ POSTGRES_URL: url })).toBe('disable');
    expect(await modeOf({ POSTGRES_URL: url, POSTGRES_SSL: 'true' })).toBe('require');
    expect(await modeOf({ POSTGRES_URL: `${url}?sslmode=require` })).toBe('require');
    expect(await modeOf({ POSTGRES_URL: `${url}?sslmode=verify-full` })).toBe('verify-full');
    expect(await modeOf({ POSTGRES_URL: `${url}?sslmode=disable`, POSTGRES_SSL: 'true' })).toBe('disable');
  });
});

describe('a profile', () => {
  const texts = {
    '/srv/kc/kc-doctor.yaml': `
project: local
kafka: { brokers: ["localhost:9092"] }
profiles:
  prod:
    docker: { host: tcp://10.0.0.5:2376 }
    kafka:
      brokers: [b-1.example:9096, b-2.example:9096]
      tls: true
      sasl: { mechanism: scram-sha-512, username: doctor, passwordFrom: { env: PROD_KAFKA_PASSWORD } }
    postgres: { urlFrom: { file: secrets/prod-url }, ssl: require }
    pin: { kafkaClusterId: 5L6g3nShT-eMCtK--X86sw }
    repairs: none
`,
    '/srv/kc/secrets/prod-url': 'postgresql://doctor:tr0ub4dor@db.example/kc\n',
    '/srv/kc/.env.development': 'REDIS_URL=redis://localhost:6379',
  };
  const environment = {
    PROD_KAFKA_PASSWORD: 'correct-horse',
    POSTGRES_URL: 'postgresql://localhost/dev',
    ADMIN_SERVICE_URL: 'http://localhost:3010',
  };

  it('is one complete set: nothing of the top level, the environment or the env files is mixed in', async () => {
    const config = await staticConfig(input({ texts, environment, flags: { env: 'prod' } }));
    expect(config.kafka.brokers).toEqual(['b-1.example:9096', 'b-2.example:9096']);
    expect(config.kafka.sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'doctor',
      password: 'correct-horse',
    });
    expect(config.postgres?.url).toBe('postgresql://doctor:tr0ub4dor@db.example/kc');
    expect([config.project, config.redis, config.adminService.baseUrl, config.projectDir]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(config.settings.platform).toBe('prod');
    expect(config.settings.managedKafka).toBe(true);
    expect(config.pin.kafkaClusterId).toBe('5L6g3nShT-eMCtK--X86sw');
    expect(config.repairs).toBe('none');
  });

  it('that does not exist is refused with those that do', async () => {
    const error = await refusal(staticConfig(input({ texts, flags: { env: 'prd' } })));
    expect(error.details.join()).toContain('did you mean prod?');
  });

  it('is refused where there is no config file', async () => {
    expect((await refusal(staticConfig(input({ flags: { env: 'prod' } })))).details.join()).toContain(
      'no config file',
    );
  });
});

describe('what is wrong', () => {
  it('is listed at once, each with its key and the way out', async () => {
    const error = await refusal(
      staticConfig(
        input({
          flags: { since: 'yesterday', timeout: '-1', tz: 'Mars/Olympus' },
          environment: { POSTGRES_URL: 'postgres://kc:12#ss@db/kc', REDIS_URL: 'http://cache' },
          texts: {
            '/srv/kc/kc-doctor.json': JSON.stringify({
              kafak: {},
              kafka: { brokrs: ['a:1'], brokers: ['kafka'] },
              thresholds: { purchaseRowGraceMs: 'soon' },
              adminService: { tokenFrom: { env: 'ADMIN_TOKEN', file: 'x' } },
            }),
          },
        }),
      ),
    );
    expect(error.details).toEqual([
      'kafka.brokrs: unknown key; did you mean brokers?',
      'adminService.tokenFrom: does not say where the secret is; write {"env": "NAME"} or {"file": "path"}',
      'thresholds.purchaseRowGraceMs: "soon" is not a duration; write "45s", "36h" or "7d", or a number of milliseconds',
      'kafak: unknown key; did you mean kafka?',
      expect.stringMatching(/^POSTGRES_URL: is not a URL; .*percent-encoded/),
      'REDIS_URL: has the scheme http://; write redis://…',
      expect.stringMatching(/^--since: "yesterday" is neither/),
      expect.stringMatching(/^--timeout: /),
      expect.stringMatching(/^--tz: "Mars\/Olympus"/),
    ]);
    expect(JSON.stringify(error.details)).not.toContain('12#ss');
  });

  it('names line and column of a syntax error', async () => {
    const error = await refusal(staticConfig(input({ texts: { '/srv/kc/kc-doctor.json': '{"kafka": {' } })));
    expect(error.details[0]).toMatch(/kc-doctor\.json: is not valid YAML or JSON at line 1/);
  });

  it('is a usage error where only flags are wrong', async () => {
    expect((await refusal(staticConfig(input({ flags: { since: '2030-01-01' } })))).name).toBe('UsageError');
  });

  it('includes a secret that is nowhere, once Docker was asked', async () => {
    const texts = { '/srv/kc/kc-doctor.json': '{"postgres": {"urlFrom": {"env": "KC_URL"}}}' };
    const early = await staticConfig(input({ texts }));
    expect(early.postgres).toBeNull();
    const error = await refusal(staticConfig(input({ texts }), { kind: 'known', path: null }));
    expect(error.details).toEqual([
      expect.stringContaining('postgres.urlFrom: the variable KC_URL is not set; export KC_URL'),
    ]);
  });

  it('includes a second config file', async () => {
    const texts = { '/srv/kc/kc-doctor.json': '{}', '/srv/kc/kc-doctor.yaml': '' };
    expect((await refusal(staticConfig(input({ texts })))).details[0]).toContain('name it with --config');
  });

  it('includes a --config that is not there', async () => {
    expect((await refusal(staticConfig(input({ flags: { config: 'x.json' } })))).details[0]).toContain(
      '/srv/kc/x.json does not exist',
    );
  });
});

describe('secrets', () => {
  it('are never in a row and always in the list for masking', async () => {
    const config = await staticConfig(
      input({
        environment: {
          POSTGRES_URL: 'postgresql://kc:tr0ub%40dor@db.example/kc',
          JWT_SECRET: 'a-long-secret',
        },
        texts: {
          '/srv/kc/.env': 'REDIS_URL=rediss://:cache-pass@cache:6379\nSTRIPE_SECRET_KEY=sk_test_123456789',
          '/srv/kc/kc-doctor.json':
            '{"adminService": {"url": "http://admin:3010", "tokenFrom": {"file": "token"}}}',
          '/srv/kc/token': 'bearer-me-123\n',
        },
      }),
    );
    const shown = JSON.stringify(config.rows);
    for (const secret of ['tr0ub', 'cache-pass', 'bearer-me-123', 'a-long-secret'])
      expect(shown).not.toContain(secret);
    expect(secretsOf(config)).toEqual(
      expect.arrayContaining([
        'tr0ub%40dor',
        'tr0ub@dor',
        'cache-pass',
        'bearer-me-123',
        'a-long-secret',
        'sk_test_123456789',
      ]),
    );
    expect(shownAs(config, 'postgres.url')).toBe('postgresql://kc:•••@db.example/kc');
  });
});

describe('--since', () => {
  it('takes a time as well as a duration', async () => {
    const config = await staticConfig(input({ flags: { since: '2026-01-07T20:00:00Z' } }));
    expect(config.settings.windowMs).toBe(NOW_MS - Date.parse('2026-01-07T20:00:00Z'));
  });
});
