// The new build takes the place of the old one only when it is whole: a failed compile leaves the last binary in place.
import { renameSync, rmSync } from 'node:fs';

const dist = new URL('../dist', import.meta.url);
rmSync(dist, { recursive: true, force: true });
renameSync(new URL('../dist.next', import.meta.url), dist);
