import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeControl } from '../../src/platform/escape.ts';
import { MASK, maskPersonal, maskSecrets, maskUrl } from '../../src/platform/mask.ts';
import { KNOWN_SECRETS, PLANTED_SECRETS } from '../support/secrets.ts';

describe('secrets', () => {
  it('are planted forty times', () => {
    expect(PLANTED_SECRETS).toHaveLength(40);
    for (const { text, leak } of PLANTED_SECRETS) expect(text).toContain(leak.includes("it's") ? 'me' : leak);
  });

  it.each(PLANTED_SECRETS)('are not readable as $name', ({ text, leak }) => {
    const masked = maskSecrets(text, KNOWN_SECRETS);
    expect(masked).not.toContain(leak);
    expect(masked).toContain(MASK);
  });

  it.each(PLANTED_SECRETS)('stay hidden in the middle of a line, as $name', ({ text, leak }) => {
    const masked = maskSecrets(`2026-01-07 ${text}`, KNOWN_SECRETS);
    expect(masked).not.toContain(leak);
    expect(masked).toMatch(/^2026-01-07 /);
  });

  it('that are known are found in every disguise, whatever they are', () => {
    const secret = fc
      .string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
      .filter((text) => text.trim().length >= 8 && !/^\d+$/.test(text));
    fc.assert(
      fc.property(secret, (text) => {
        const disguises = [
          text,
          encodeURIComponent(text),
          JSON.stringify({ note: text }),
          JSON.stringify({ body: JSON.stringify({ note: text }) }),
          Buffer.from(`kc:${text}`).toString('base64'),
        ];
        for (const disguise of disguises)
          expect(maskSecrets(`a ${disguise} b`, [text])).not.toContain(disguise);
        expect(maskSecrets(`a ${text} b`, [text])).not.toContain(text);
      }),
    );
  });

  it('that become known later are masked from then on', () => {
    const known: string[] = [];
    expect(maskSecrets('it is Zb4-unheard-of', known)).toBe('it is Zb4-unheard-of');
    known.push('Zb4-unheard-of');
    expect(maskSecrets('it is Zb4-unheard-of', known)).toBe(`it is ${MASK}`);
  });

  it('leave a text that was masked as it is', () => {
    for (const { text } of PLANTED_SECRETS) {
      const once = maskSecrets(text, KNOWN_SECRETS);
      expect(maskSecrets(once, KNOWN_SECRETS)).toBe(once);
    }
  });

  it('keep JSON readable as JSON', () => {
    const text = JSON.stringify({
      password: 'a"b\\',
      token: 'x',
      offset: '41',
      nested: JSON.stringify({ apiKey: 'k"' }),
    });
    expect(JSON.parse(maskSecrets(text, []))).toMatchObject({ password: MASK, token: MASK, offset: '41' });
  });

  it('do not take ordinary words with them', () => {
    for (const text of [
      '5dc56599-cd44-4672-ab73-2bf7f789ef34 at purchase-confirmed[1] @ 43',
      'key 5dc56599-cd44-4672-ab73-2bf7f789ef34, offset 41, group purchase-creation-workers',
      'Basic authentication is not configured for this bearer of news',
      'no pg_hba.conf entry for host "10.0.0.9", user "kc", database "kc", no encryption',
      'password authentication failed for user "kc"',
      'duplicate key value violates unique constraint "idx_processed_events_idempotency"',
      '{"originalTopic":"purchase-created","originalOffset":"41","key":"a77870aa-8166-4a69-a979-058270611107"}',
      'InvalidTokenError: jwt expired',
      '{"token":null,"password":undefined}',
      'GET http://admin-service:3010/api/v1/admin/allocations/auto-assign?email=none 500',
      'kafka:9092 advertises kafka:9092',
    ]) {
      expect(maskSecrets(text, KNOWN_SECRETS)).toBe(text);
    }
  });

  it("that are the platform's own words are masked where they are a password, not everywhere", () => {
    const known = ['postgres', 'kodingcaravan', '4101', 'abcd'];
    const text = 'kodingcaravan-purchase-worker reached postgres at offset 4101, xabcd';
    expect(maskSecrets(text, known)).toBe(text);
    expect(maskSecrets('postgres://postgres:postgres@db/kc abcd', known)).toBe(
      `postgres://postgres:${MASK}@db/kc ${MASK}`,
    );
  });

  it('leave numbers and ids alone', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.bigInt({ min: 0n, max: 2n ** 63n }), (id, offset) => {
        const text = `record ${id} of purchase-confirmed at offset ${offset}, lag 0`;
        expect(maskSecrets(text, KNOWN_SECRETS)).toBe(text);
      }),
    );
  });

  it('are looked for in linear time', () => {
    const hostile = [
      'token'.repeat(20_000),
      `password="${'\\'.repeat(50_000)}`,
      'a'.repeat(200_000),
      '://'.repeat(50_000),
    ];
    for (const text of hostile) {
      const startedMs = performance.now();
      maskSecrets(text, KNOWN_SECRETS);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    }
  });
});

describe('an address', () => {
  it('keeps user, host and name', () => {
    expect(maskUrl('postgresql://kc:hunter22@db.example/kc?sslpassword=abc&sslmode=require')).toBe(
      `postgresql://kc:${MASK}@db.example/kc?sslpassword=${MASK}&sslmode=require`,
    );
  });
});

describe('personal data', () => {
  it('is masked in free text, ids stay', () => {
    const text =
      'student 809556c1-e184-4b85-8fd6-a5f1c8014bf6 {"name":"Asha Rao","email":"asha@mail.example","phone":"+91 98765 43210"} call 9876543210 at 1767818482000';
    const masked = maskPersonal(text);
    for (const leak of ['Asha', 'asha@', '98765']) expect(masked).not.toContain(leak);
    expect(masked).toContain('809556c1-e184-4b85-8fd6-a5f1c8014bf6');
    expect(masked).toContain('1767818482000');
  });

  it('leaves uuids alone', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(maskPersonal(`payment ${id} of student ${id}`)).toBe(`payment ${id} of student ${id}`);
      }),
    );
  });
});

describe('control characters', () => {
  it('become visible', () => {
    expect(escapeControl('a\u001b[31mred\u0007\u009b2J\u202eevil\u007f ok é ✓')).toBe(
      'a\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{202e}evil\\u{7f} ok é ✓',
    );
  });
});

describe('a key that says where a secret is', () => {
  it('hides nothing of the sentence behind it', () => {
    const text = 'kafka.sasl.passwordFrom: the variable KAFKA_PASSWORD is not set';
    expect(maskSecrets(text, [])).toBe(text);
  });
});
