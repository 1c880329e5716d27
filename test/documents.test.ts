// Pages that repeat the code say what the code says.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PAGE, withTables } from '../scripts/docs/protocol-page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('docs/protocol.md has the tables of the code (npm run docs writes them)', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toBe(withTables(page));
});

test('every rule that code or tests cite stands in SPEC.md', () => {
  const spec = readFileSync(join(ROOT, 'packages/protocol/SPEC.md'), 'utf8');
  const known = new Set([...spec.matchAll(/\*\*([A-Z]+-\d+)\*\*/g)].map(([, rule]) => rule));
  const unknown = new Set<string>();
  for (const file of readdirSync(ROOT, { recursive: true, encoding: 'utf8' })) {
    if (!/^(packages|services|test)\/.*\.tsx?$/.test(file) || file.includes('node_modules') || file.includes('dist/'))
      continue;
    for (const [rule] of readFileSync(join(ROOT, file), 'utf8').matchAll(
      /\b(CU|FL|IN|OWN|DRAIN|INT|FRAME|MSG|SIZE)-\d+\b/g,
    )) {
      if (!known.has(rule)) unknown.add(`${rule} in ${file}`);
    }
  }
  expect([...unknown]).toEqual([]);
});
