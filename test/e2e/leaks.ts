import { KNOWN_SECRETS, PLANTED_SECRETS } from '../support/secrets.ts';

/** A configured secret in every disguise that an output could give it. */
function disguises(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const encoded = encodeURIComponent(secret);
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encoded,
    encoded.replaceAll('%20', '+'),
    encoded.toLowerCase(),
    encodeURIComponent(encoded),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ];
}

const NEEDLES = [
  ...PLANTED_SECRETS.map(({ name, leak }) => ({ name, leak })),
  ...KNOWN_SECRETS.flatMap((secret) => disguises(secret).map((leak) => ({ name: 'configured', leak }))),
];

/** Names and texts of the planted secrets that can be read in an output, also where a line break was put into one. */
export function leaksIn(output: string): readonly string[] {
  const joined = output.replace(/\s+/g, ' ');
  return NEEDLES.filter(({ leak }) => output.includes(leak) || joined.includes(leak)).map(
    ({ name, leak }) => `${name}: ${leak}`,
  );
}
