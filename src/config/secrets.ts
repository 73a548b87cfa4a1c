import type { Config } from './config.ts';

/** Every secret value that is known, for masking; those in URLs both as written and decoded. */
export function secretsOf(config: Config): readonly string[] {
  const secrets = [
    ...urlSecrets(config.postgres?.url),
    ...urlSecrets(config.redis?.url),
    ...urlSecrets(config.adminService.baseUrl ?? undefined),
    config.adminService.token,
    config.kafka.sasl?.password,
    typeof config.kafka.tls === 'object' ? config.kafka.tls.key : null,
    ...config.platformSecrets.flatMap((value) => [value, ...urlSecrets(value)]),
  ];
  return [...new Set(secrets.filter((secret) => typeof secret === 'string'))].filter(
    (secret) => secret !== '',
  );
}

const SECRET_PARAMETERS = ['password', 'sslpassword'] as const;

function urlSecrets(text: string | undefined): readonly string[] {
  if (text === undefined || !URL.canParse(text)) return [];
  const url = new URL(text);
  const parameters = SECRET_PARAMETERS.flatMap((name) => url.searchParams.getAll(name));
  return [url.password, decoded(url.password), ...parameters];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is no encoding: the text as written is then the password.
    return text;
  }
}
