import { afterEach, expect, it } from 'vitest';
import type { AdminServiceReader } from '../../src/ports/admin-service.ts';

export type AdminSituation = { readonly answers: number } | 'refuses' | 'hangs';

export interface OpenedAdminService extends AsyncDisposable {
  readonly reader: AdminServiceReader;
}

/** The whole behaviour of an AdminServiceReader, for the simulated and for the live one. */
export function adminServiceContract(open: (situation: AdminSituation) => Promise<OpenedAdminService>): void {
  const opened: OpenedAdminService[] = [];

  afterEach(async () => {
    for (const service of opened.splice(0)) await service[Symbol.asyncDispose]();
  });

  async function meeting(situation: AdminSituation): Promise<AdminServiceReader> {
    const service = await open(situation);
    opened.push(service);
    return service.reader;
  }

  it.each([200, 204, 301, 401, 404, 500, 503])('takes status %i for an answer', async (status) => {
    const reader = await meeting({ answers: status });
    const probe = await reader.probe(AbortSignal.timeout(60_000));
    expect(probe).toEqual({
      address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      status,
      tookMs: expect.any(Number),
    });
  });

  it('says that nobody listens', async () => {
    const reader = await meeting('refuses');
    await expect(reader.probe(AbortSignal.timeout(60_000))).rejects.toMatchObject({
      name: 'DependencyError',
      code: 'KC_ADMIN_REFUSED',
      system: 'admin-service',
      gapCode: 'refused',
    });
  });

  it('gives up when told to, before and during a call', async () => {
    const reader = await meeting('hangs');
    const silence = { code: 'KC_ADMIN_TIMEOUT', system: 'admin-service', gapCode: 'timeout' };
    await expect(reader.probe(AbortSignal.abort())).rejects.toMatchObject(silence);
    await expect(reader.probe(AbortSignal.timeout(50))).rejects.toMatchObject(silence);
  });
}
