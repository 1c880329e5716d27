// The command line as a whole, as far as it goes without a relay.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { ERROR_CODES, type ErrorCode, HermitError } from '@hermit/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { Context, type Streams } from './context.ts';
import { EXIT, failureOf } from './failure.ts';
import { programOf, run } from './program.ts';

const home = mkdtempSync(join(tmpdir(), 'hermit-program-'));
afterAll(() => rmSync(home, { recursive: true }));

function sink() {
  let text = '';
  const out = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return { out, text: () => text };
}

async function hermit(...words: string[]) {
  const out = sink();
  const err = sink();
  const stdin = new PassThrough();
  stdin.end();
  const streams = { stdin, stdout: out.out, stderr: err.out } as unknown as Streams;
  const context = new Context({ HOME: home }, streams);
  return { code: await run(context, words), out: out.text(), err: err.text() };
}

describe('exit codes', () => {
  it.each<[string[], number, string]>([
    [[], EXIT.usage, 'Usage: hermit'],
    [['--help'], EXIT.ok, ''],
    [['--version'], EXIT.ok, ''],
    [['atach'], EXIT.usage, 'Did you mean attach?'],
    [['help'], EXIT.ok, ''],
    [['help', 'machine', 'add'], EXIT.ok, ''],
    [['help', 'nonsense'], EXIT.usage, "hermit: unknown command 'nonsense'"],
    [['help', 'machine', 'nonsense'], EXIT.usage, "hermit machine: unknown command 'nonsense'"],
    [['attach', 'box'], EXIT.usage, "hermit attach: missing required argument 'session'"],
    [['machine', 'add'], EXIT.usage, "hermit machine add: missing required argument 'name'"],
    [['--nonsense'], EXIT.usage, "hermit: unknown option '--nonsense'"],
    [['attach', 'a', 'b', '--from', '-1'], EXIT.usage, ''],
    [['attach', 'a', 'b', '--from', 'x', '-o', '-'], EXIT.usage, 'An offset is a number of bytes'],
    [['attach', 'a', 'b', '--from', '3'], EXIT.usage, '--from goes with --output'],
    [['attach', 'a', 'b'], EXIT.usage, 'not a terminal'],
    [['attach', 'a', 'b', '--detach-key', 'Enter'], EXIT.usage, 'is no key for this'],
    [['new', 'box', '--size-policy', 'big'], EXIT.usage, 'Allowed choices are latest'],
    [['kill', 'a', 'b', '--signal', 'NONSENSE'], EXIT.usage, 'There is no such signal'],
    [['login'], EXIT.usage, 'At which relay?'],
    [['login', '--relay', 'ftp://x', '--email', 'a@b'], EXIT.usage, 'begins with http'],
    [['login', '--relay', 'http://127.0.0.1:1'], EXIT.unreachable, 'cannot be reached'],
    [['share', 'box', 'work', '--for', '3 weeks'], EXIT.usage, 'A time is a number of minutes'],
    [['share', 'box', 'work', '--role', 'owner'], EXIT.usage, 'Allowed choices are viewer, driver'],
    [['approve', 'BCDF-GHJK'], EXIT.notLoggedIn, 'You are not logged in.'],
    [['login', '--relay', 'http://127.0.0.1:1', '--email', 'a@b'], EXIT.usage, 'No password came'],
    [['register'], EXIT.usage, "required option '--email <address>' not specified"],
    [['register', '--email', 'a@b'], EXIT.usage, 'At which relay?'],
    [['register', '--relay', 'http://127.0.0.1:1', '--email', 'a@b'], EXIT.usage, 'No password came'],
    [['machines'], EXIT.notLoggedIn, 'You are not logged in.'],
    [['machines', '--relay', 'http://127.0.0.1:1'], EXIT.notLoggedIn, 'You are not logged in at http://127.0.0.1:1/.'],
    [['logout'], EXIT.notLoggedIn, 'hermit login --relay URL'],
    [['completion', 'tcsh'], EXIT.usage, 'Allowed choices are bash, zsh, fish'],
  ])('hermit %j ends with %d', async (words, code, said) => {
    const result = await hermit(...words);
    expect(result.err).toContain(said);
    expect(result.code).toBe(code);
  });

  it('has one for every error code', () => {
    const known: number[] = Object.values(EXIT);
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const { exitCode, message } = failureOf(new HermitError(code));
      expect(known).toContain(exitCode);
      expect(exitCode).not.toBe(EXIT.ok);
      expect(message).toBe(ERROR_CODES[code]);
    }
  });

  it('are all in the help', async () => {
    const { out } = await hermit('--help');
    for (const code of Object.values(EXIT)) expect(out).toMatch(new RegExp(`^  ${code} +\\w`, 'm'));
  });
});

describe('help', () => {
  const leaves = (program = programOf(new Context({ HOME: home }, process))) =>
    program.commands
      .filter((c) => !['complete', 'help'].includes(c.name()))
      .flatMap((c) => (c.commands.length > 0 ? c.commands.map((s) => [c.name(), s.name()]) : [[c.name()]]));

  it.each(leaves())('of %s %s has examples that begin with it', async (...words) => {
    const { code, out } = await hermit(...words.filter(Boolean), '--help');
    expect(code).toBe(EXIT.ok);
    const [, shown] = out.split('Examples:\n');
    expect(shown).toContain(`hermit ${words.filter(Boolean).join(' ')}`);
    expect(
      out
        .split('Examples:')[0]
        ?.split('\n')
        .every((line) => line.length <= 80),
    ).toBe(true);
  });
});

it('the help of machine has examples too', async () => {
  expect((await hermit('machine', '--help')).out).toContain('hermit machine add buildbox');
});

it.each(['bash', 'zsh', 'fish'])('prints a completion script for %s', async (shell) => {
  const { code, out } = await hermit('completion', shell);
  expect(code).toBe(EXIT.ok);
  expect(out).toContain(' complete ');
});

it('says that a relay cannot be reached, not that a password is wrong', async () => {
  const out = sink();
  const err = sink();
  const stdin = new PassThrough();
  stdin.end('password\n');
  const streams = { stdin, stdout: out.out, stderr: err.out } as unknown as Streams;
  const code = await run(new Context({ HOME: home }, streams), [
    'login',
    '--relay',
    'http://127.0.0.1:1',
    '--email',
    'ann@example.org',
  ]);
  expect(err.text()).toContain('The relay at http://127.0.0.1:1/ cannot be reached');
  expect(code).toBe(EXIT.unreachable);
});
