import { DependencyError } from '../../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface TlsFiles {
  /** Holds ca.pem, cert.pem and key.pem, as far as they are needed. Null: the system's own authorities, no client certificate. */
  readonly directory: string | null;
  /** False: the daemon's certificate is not checked, as the Docker context asks for. */
  readonly isVerified: boolean;
}

export type Connection =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: TlsFiles | null };

export interface DockerEndpoint {
  /** For the head line: "local" or "tcp://10.0.0.5:2376". */
  readonly address: string;
  /** What named it: "DOCKER_HOST", "context production", "/var/run/docker.sock". */
  readonly origin: string;
  readonly connection: Connection;
}

/** A place that was looked at and passed over. */
export interface Declined {
  readonly origin: string;
  readonly reason: string;
}

export type Answer = DockerEndpoint | Declined;

export const SYSTEM_SOCKET = '/var/run/docker.sock';
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/** Reads an address as Docker writes it. Throws on one that this tool cannot use. */
export function endpointOf(text: string, origin: string, tls: TlsFiles | null): DockerEndpoint {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/i.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case 'unix':
    case 'npipe':
      if (rest === '') break;
      return {
        address: rest === SYSTEM_SOCKET ? 'local' : `${scheme}://${rest}`,
        origin,
        connection: { kind: 'socket', path: rest },
      };
    case 'tcp':
    case 'http':
    case 'https': {
      const secure = tls ?? (scheme.toLowerCase() === 'https' ? { directory: null, isVerified: true } : null);
      const parsed = hostAndPort(rest);
      if (parsed === null) break;
      const port = parsed.port ?? (secure === null ? PLAIN_PORT : TLS_PORT);
      return {
        address: `tcp://${parsed.host}:${port}`,
        origin,
        connection: { kind: 'tcp', host: parsed.host.replace(/^\[|\]$/g, ''), port, tls: secure },
      };
    }
    case 'ssh':
      throw new DependencyError(
        'KC_DOCKER_SSH',
        `${origin} names a daemon behind ssh, which kc-doctor does not speak.`,
        'Run kc-doctor on that host, or forward its socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock <host>, then DOCKER_HOST=unix:///tmp/docker.sock.',
        { system: 'docker', operation: 'the address of the daemon', gapCode: 'not-configured' },
      );
    default:
      break;
  }
  throw new DependencyError(
    'KC_DOCKER_ADDRESS',
    `${origin} is no address of a Docker daemon that kc-doctor knows.`,
    'Write unix:///path/to/docker.sock or tcp://host:port.',
    { system: 'docker', operation: 'the address of the daemon', gapCode: 'not-configured' },
  );
}

function hostAndPort(text: string): { readonly host: string; readonly port: number | null } | null {
  try {
    const { hostname, port } = new URL(`tcp://${text}`);
    return hostname === '' ? null : { host: hostname, port: port === '' ? null : Number(port) };
  } catch {
    // Not a URL: the caller names what held it, and does not repeat the text, which may carry a password.
    return null;
  }
}
