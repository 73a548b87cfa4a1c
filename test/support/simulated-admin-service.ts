import { DependencyError } from '../../src/errors.ts';
import type { AdminProbe } from '../../src/platform/state.ts';
import type { AdminServiceReader } from '../../src/ports/admin-service.ts';

/** What admin-service does to whoever asks. */
export type AdminMood =
  | { readonly kind: 'answers'; readonly status: number; readonly tookMs?: number }
  | { readonly kind: 'refuses' }
  | { readonly kind: 'hangs' };

export class SimulatedAdminService implements AdminServiceReader {
  readonly address: string;
  /** The base address of the real one is no route: it answers 404. */
  mood: AdminMood;
  isDisposed = false;

  constructor(options: { readonly address?: string; readonly mood?: AdminMood } = {}) {
    this.address = options.address ?? 'http://127.0.0.1:3010';
    this.mood = options.mood ?? { kind: 'answers', status: 404 };
  }

  async probe(signal: AbortSignal): Promise<AdminProbe> {
    if (signal.aborted) throw this.#failure('KC_ADMIN_TIMEOUT', 'timeout', 'did not answer in time');
    if (this.mood.kind === 'answers')
      return { address: this.address, status: this.mood.status, tookMs: this.mood.tookMs ?? 3 };
    if (this.mood.kind === 'refuses')
      throw this.#failure('KC_ADMIN_REFUSED', 'refused', 'refused the connection');
    return await new Promise<never>((_, reject) => {
      const giveUp = () => reject(this.#failure('KC_ADMIN_TIMEOUT', 'timeout', 'did not answer in time'));
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }

  #failure(code: string, gapCode: 'timeout' | 'refused', says: string): DependencyError {
    return new DependencyError(code, `admin-service at ${this.address} ${says}.`, 'Start admin-service.', {
      system: 'admin-service',
      operation: 'base address of admin-service',
      gapCode,
      retryable: gapCode === 'timeout',
    });
  }
}
