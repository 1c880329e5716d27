// Pages that repeat the code say what the code says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '@hermit/protocol';
import { expect, test } from 'vitest';
import { PAGE, withTables } from '../scripts/docs/protocol-page.ts';
import { AUDIT_ACTIONS } from '../services/relay/src/accounts/audit.ts';
import { RULES } from '../services/relay/src/limits/rules.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('docs/protocol.md has the tables of the code (npm run docs writes them)', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toBe(withTables(page));
});

test('docs/protocol.md names, for each fault, tests that there are', () => {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split('## What each fault comes to\n');
  const [faults = [], tests = []] = (section.split('\n## ')[0] ?? '')
    .split(/\n\n/)
    .filter((part) => part.startsWith('| fault |'))
    .map((part) => part.trim().split('\n').slice(2));
  const nameOf = (row: string) => row.split('|')[1]?.trim();
  expect(faults.length).toBeGreaterThan(9);
  expect(tests.map(nameOf)).toEqual(faults.map(nameOf));
  const missing: string[] = [];
  for (const row of tests) {
    const named = [...row.matchAll(/`(test\/[^`]+)`: “([^”]+)”/g)];
    if (named.length === 0) missing.push(row);
    for (const [, file = '', title = ''] of named) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      if (!text.includes(`test('${title}'`)) missing.push(`${file}: ${title}`);
    }
  }
  expect(missing).toEqual([]);
});

test('links between pages lead somewhere', () => {
  const pages = ['README.md', 'AGENTS.md', 'packages/protocol/SPEC.md'];
  for (const name of readdirSync(join(ROOT, 'docs'))) if (name.endsWith('.md')) pages.push(`docs/${name}`);
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, target] of readFileSync(join(ROOT, page), 'utf8').matchAll(
      /\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g,
    )) {
      if (!existsSync(join(ROOT, dirname(page), target as string))) broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
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

test('docs/security.md has the limits and the actions of the audit that the code has', () => {
  const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const rows = (heading: string) =>
    (page.split(`## ${heading}\n`)[1] ?? '')
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')));
  const long = { '15 seconds': 15, 'a minute': 60, '10 minutes': 600, '15 minutes': 900, 'an hour': 3_600 };
  const seconds: Record<string, number> = long;
  const limits = rows('The limits')?.map(([, name, , atMost = '']) => {
    const [most, within] = atMost.split(' in ') as [string, string];
    return [name, { most: Number(most), within: Number(seconds[within]) * 1_000 }];
  });
  expect(limits).toEqual(Object.entries(RULES));
  const caps = rows('The caps')?.map(([, name, , most]) => [name, Number(most)]);
  expect(caps?.length).toBeGreaterThan(8);
  expect(caps).toEqual(caps?.map(([name]) => [name, LIMITS[name as keyof typeof LIMITS]]));
  expect(rows('The audit log')?.map(([, action, meaning]) => [action, meaning])).toEqual(Object.entries(AUDIT_ACTIONS));
});
