// The line to paste is one command for a shell, whatever the machine is called.
import { expect, test } from 'vitest';
import { lineFor } from './agent-line.ts';

test.each([
  ['box', 'box'],
  ['build-01.local', 'build-01.local'],
  ["attic's server", "'attic'\\''s server'"],
  ['$(rm -rf ~)', "'$(rm -rf ~)'"],
  ['ключ', "'ключ'"],
])('a machine called %s', (name, word) => {
  expect(lineFor('https://hermit.example.org', name, 'hmt_x')).toBe(
    `HERMIT_MACHINE_TOKEN=hmt_x hermit-agent run --relay https://hermit.example.org --name ${word}`,
  );
});
