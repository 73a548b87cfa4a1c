import { describe, expect, it } from 'vitest';
import { journalPath } from '../../../src/adapters/journal-file/journal-path.ts';

describe('place of the local journal', () => {
  it('is below the state folder that the environment names, else below the home folder', () => {
    expect(journalPath({ XDG_STATE_HOME: '/state' }, '/home/a', 'kodingcaravan')).toBe(
      '/state/kc-doctor/kodingcaravan.journal',
    );
    for (const environment of [{}, { XDG_STATE_HOME: '' }, { XDG_STATE_HOME: 'state' }]) {
      expect(journalPath(environment, '/home/a', 'kc-2.prod')).toBe(
        '/home/a/.local/state/kc-doctor/kc-2.prod.journal',
      );
    }
  });

  it.each(['..', '../../etc/passwd', 'a/b', '.hidden', '', 'x'.repeat(300), 'nul\0', 'Ünïcode'])(
    'leaves the folder for no name of a platform (%j)',
    (platform) => {
      const path = journalPath({}, '/home/a', platform);
      expect(path).toMatch(/^\/home\/a\/\.local\/state\/kc-doctor\/[\w-][\w.-]{0,80}\.journal$/);
    },
  );

  it('is another one for every platform', () => {
    const names = ['a/b', 'a b', 'a_b', 'a:b', ''];
    expect(new Set(names.map((name) => journalPath({}, '/h', name))).size).toBe(names.length);
  });
});
