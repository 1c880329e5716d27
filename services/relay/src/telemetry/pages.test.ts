// docs/metrics.md and docs/logs.md say what the code says.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { pages } from './pages.ts';

test.each(pages().map((page) => ({ ...page, name: basename(page.file) })))(
  'docs/$name is what the code makes of it (npm run docs writes it)',
  ({ file, text }) => {
    expect(readFileSync(file, 'utf8')).toBe(text);
  },
);
