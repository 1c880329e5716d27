// A password line, key by key; and from a pipe.
import { Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { PasswordLine, readPassword } from './password.ts';

const line = (...input: string[]) => {
  const password = new PasswordLine();
  let result: string | null | undefined;
  for (const keys of input) result = password.type(keys);
  return result;
};

it.each<[string[], string | null | undefined]>([
  [['secret\r'], 'secret'],
  [['sec', 'ret', '\n'], 'secret'],
  [['secret'], undefined],
  [['secrex\x7ft\r'], 'secret'],
  [['gr\u00fc\u{1f600}\x7f\u00dfe\r'], 'grüße'],
  [['wrong\x15right\r'], 'right'],
  [['a\x03'], null],
  [['\x04'], null],
  [['a\x04\r'], 'a'],
  [['\x1ba\tb\r'], 'ab'],
])('%j is %j', (input, expected) => {
  expect(line(...input)).toBe(expected);
});

it('reads the first line of a pipe', async () => {
  const nowhere = new Writable({ write: (_, __, done) => done() });
  expect(await readPassword(Readable.from(['sec', 'ret\r\nmore\n']), nowhere, '')).toBe('secret');
  expect(await readPassword(Readable.from(['no newline']), nowhere, '')).toBe('no newline');
  await expect(readPassword(Readable.from(['']), nowhere, '')).rejects.toMatchObject({ exitCode: 2 });
});
