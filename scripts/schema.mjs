// Writes docs/schema.json from the definitions in src/report/schema.ts; test/report/schema.test.ts says when it is stale.
import { writeFileSync } from 'node:fs';
import { publishedSchema } from '../src/report/schema.ts';

writeFileSync(
  new URL('../docs/schema.json', import.meta.url),
  `${JSON.stringify(publishedSchema(), null, 2)}\n`,
);
