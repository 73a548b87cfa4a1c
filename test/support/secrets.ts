/**
 * Forty secrets and the texts in which they turn up: configured ones in the disguises that URLs, JSON and base64 give them,
 * unknown ones in the shapes that logs and errors have. None may be readable in any output.
 */
export interface PlantedSecret {
  readonly name: string;
  /** Configured secrets are known by value; null: only the shape gives it away. */
  readonly known: string | null;
  readonly text: string;
  /** Must not be in what is shown. */
  readonly leak: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const json = (value: unknown) => JSON.stringify(value);

const PASSWORD = 'tr0ub@dor/&3 "x"';
const BASE64_URL = Buffer.from(`abcd${PASSWORD}`).toString('base64url');
const TOKEN = 'adm.7f3a-91c2-Zq';

function knownIn(name: string, secret: string, text: string, leak = secret): PlantedSecret {
  return { name, known: secret, text, leak };
}

function shaped(name: string, leak: string, text: string): PlantedSecret {
  return { name, known: null, text, leak };
}

const CONFIGURED: readonly PlantedSecret[] = [
  knownIn('plain', PASSWORD, `could not log in with ${PASSWORD} at db.example`),
  knownIn(
    'url-encoded',
    PASSWORD,
    `dial ${encodeURIComponent(PASSWORD)} failed`,
    encodeURIComponent(PASSWORD),
  ),
  knownIn('url-encoded-lower', PASSWORD, 'dial tr0ub%40dor%2f%263%20%22x%22 failed', 'tr0ub%40dor%2f%263'),
  knownIn('form-encoded', PASSWORD, 'body p=tr0ub%40dor%2F%263+%22x%22', 'tr0ub%40dor%2F%263'),
  knownIn(
    'url-encoded-twice',
    PASSWORD,
    `next=${encodeURIComponent(encodeURIComponent(PASSWORD))}`,
    'tr0ub%2540dor',
  ),
  knownIn('json-escaped', PASSWORD, json({ note: PASSWORD }), 'tr0ub@dor'),
  knownIn('json-in-json', PASSWORD, json({ body: json({ note: PASSWORD }) }), 'tr0ub@dor'),
  knownIn('token-in-json', TOKEN, json({ a: json({ body: json({ note: TOKEN }) }) })),
  knownIn('base64', PASSWORD, `auth ${base64(PASSWORD)} refused`, base64(PASSWORD)),
  knownIn('base64-of-pair', PASSWORD, `auth ${base64(`kc:${PASSWORD}`)} refused`, base64(`kc:${PASSWORD}`)),
  knownIn('base64-url', PASSWORD, `auth ${BASE64_URL}`, BASE64_URL.slice(6, 20)),
  knownIn('token-plain', TOKEN, `sent ${TOKEN} to admin-service`),
  knownIn('token-in-path', TOKEN, `GET /callback/${TOKEN}/done 500`),
  knownIn('token-base64', TOKEN, `x ${base64(TOKEN)} y`, base64(TOKEN).slice(0, 16)),
  knownIn('short-alone', 'Zx9!', 'the PIN is Zx9! today'),
  knownIn('sasl', 'kafka-Pa55word', 'SASL PLAIN authentication failed: kc\u0000kafka-Pa55word'),
];

const SHAPED: readonly PlantedSecret[] = [
  shaped(
    'postgres-url',
    'hunter22',
    'connect postgresql://kc:hunter22@db.example:5432/kc?sslmode=require failed',
  ),
  shaped('postgres-url-unencoded', 'w/r#d@9', 'connect postgres://kc:w/r#d@9@db.example/kc failed'),
  shaped('redis-url', 'cachepass1', 'Redis rediss://:cachepass1@cache.example:6380 refused'),
  shaped('http-url', 'pa55', 'GET https://admin:pa55@admin.example/api 401'),
  shaped('url-token', 'ghx0123456789abcdef', 'clone https://ghx0123456789abcdef@git.example/kc'),
  shaped('libpq-dsn', 'hunter2', 'host=db.example user=kc password=hunter2 dbname=kc'),
  shaped('libpq-quoted', "it's me", "host=db password='it\\'s me' dbname=kc"),
  shaped('query', 'abc123', 'GET /cb?user=kc&token=abc123&page=2'),
  shaped('environment', 'S3cr3t!', 'POSTGRES_PASSWORD=S3cr3t! NODE_ENV=production'),
  shaped('yaml', 'op3n', 'pwd: op3n'),
  shaped('json-key', 'j50n', '{"level":"error","password":"j50n","attempt":3}'),
  shaped('json-camel', 'r3fr35h', '{"refreshToken":"r3fr35h","offset":"41"}'),
  shaped('escaped-json-key', 'd33p', '{"message":"{\\"apiKey\\":\\"d33p\\",\\"n\\":1}"}'),
  shaped(
    'twice-escaped-json-key',
    'd33per',
    String.raw`{"a":"{\"b\":\"{\\\"client_secret\\\":\\\"d33per\\\"}\"}"}`,
  ),
  shaped('cut-off-json', 'half-a-sec', '{"attempt":3,"secret":"half-a-sec'),
  shaped('inspected', 'ins9ect', "Error { config: { password: 'ins9ect', host: 'db' } }"),
  shaped('bearer', 'abc.DEF-123', 'Authorization: Bearer abc.DEF-123'),
  shaped('bearer-json', 'abcDEF123', '{"headers":{"authorization":"Bearer abcDEF123","host":"x"}}'),
  shaped('basic', 'a2M6aHVudGVyMg', 'sent Basic a2M6aHVudGVyMg== to proxy'),
  shaped('jwt', 'c2lnbmF0dXJl', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrYyJ9.c2lnbmF0dXJl back'),
  shaped('aws-id', 'AKIAIOSFODNN7EXAMPLE', 'using AKIAIOSFODNN7EXAMPLE in ap-south-1'),
  shaped(
    'aws-secret',
    'wJalrXUtnFEMI/K7MDENG',
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  ),
  shaped(
    'private-key',
    'MIIEvQIBADANBg',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END RSA PRIVATE KEY-----\nafter',
  ),
  shaped('payment-key', 'rzp_live_Ab12Cd34Ef', 'Razorpay rzp_live_Ab12Cd34Ef rejected'),
];

export const PLANTED_SECRETS: readonly PlantedSecret[] = [...CONFIGURED, ...SHAPED];

/** What configuration would know. */
export const KNOWN_SECRETS: readonly string[] = [
  ...new Set(PLANTED_SECRETS.flatMap((planted) => (planted.known === null ? [] : [planted.known]))),
];
