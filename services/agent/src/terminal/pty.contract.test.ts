// What the port promises of a terminal, on real programs: nothing they print is lost, whatever happens at their end.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Exit, HermitError } from '@hermit/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { sessionEnvironment } from './environment.ts';
import { spawnPty } from './pty.ts';
import type { Terminal } from './terminal.ts';

const SEQ = 'seq 1 3000';
/** What it prints through a terminal: 13,893 bytes and a carriage return in each of 3,000 lines. */
const SEQ_BYTES = 16_893;

const directory = mkdtempSync(join(tmpdir(), 'hermit-pty-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Run = { terminal: Terminal; chunks: Buffer[]; text: () => string; exit: Promise<Exit>; after: () => number };

function run(command: string, args: string[] = [], more: Partial<Parameters<typeof spawnPty>[0]> = {}): Run {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8' };
  const terminal = spawnPty({ command, args, cwd: directory, env, size: { cols: 80, rows: 24 }, ...more });
  const chunks: Buffer[] = [];
  let late = 0;
  let ended = false;
  terminal.onData((bytes) => {
    if (ended) late += bytes.length;
    chunks.push(Buffer.from(bytes));
  });
  const exit = new Promise<Exit>((resolve) => {
    terminal.onExit((e) => {
      ended = true;
      resolve(e);
    });
  });
  return { terminal, chunks, text: () => Buffer.concat(chunks).toString(), exit, after: () => late };
}

const sh = (script: string, more?: Parameters<typeof run>[2]) => run('sh', ['-c', script], more);

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 10 s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the end of a program', () => {
  it('delivers every byte of 100 programs that end while paused', async () => {
    for (let round = 0; round < 100; round += 10) {
      const runs = Array.from({ length: 10 }, () => {
        const r = sh(SEQ);
        let paused = false;
        // Pausing from within the first chunk leaves the rest to the kernel and to the end.
        r.terminal.onData((bytes) => {
          r.chunks.push(Buffer.from(bytes));
          if (!paused) r.terminal.pause();
          paused = true;
        });
        return r;
      });
      for (const r of runs) {
        expect(await r.exit).toEqual({ exitCode: 0, signal: null });
        expect(Buffer.concat(r.chunks).length).toBe(SEQ_BYTES);
      }
    }
  });

  it('delivers everything if paused before the first byte', async () => {
    const r = sh(SEQ);
    r.terminal.pause();
    await r.exit;
    expect(Buffer.concat(r.chunks).length).toBe(SEQ_BYTES);
    expect(r.text().endsWith('2999\r\n3000\r\n')).toBe(true);
  });

  it('delivers everything if the process is too busy to read until long after the exit', async () => {
    const r = sh(SEQ);
    r.terminal.pause();
    await until(() => r.terminal.pid > 0 && !running(r.terminal.pid), 'the exit');
    // Let the exit be noticed, then block until every timer that could close the PTY is overdue.
    await new Promise((resolve) => setTimeout(resolve, 20));
    spawnSync('sleep', ['0.4']);
    r.terminal.resume();
    await r.exit;
    expect(Buffer.concat(r.chunks).length).toBe(SEQ_BYTES);
  });

  it('delivers everything if never paused, in order, before the exit', async () => {
    const r = sh('seq 1 50000; exit 7');
    expect(await r.exit).toEqual({ exitCode: 7, signal: null });
    const expected = Array.from({ length: 50_000 }, (_, i) => `${i + 1}\r\n`).join('');
    expect(r.text()).toBe(expected);
    await new Promise((resolve) => setImmediate(resolve));
    expect(r.after()).toBe(0);
  });

  it('reports programs that end at once', async () => {
    for (let i = 0; i < 20; i++) {
      const r = sh('printf x; exit 3');
      expect(await r.exit).toEqual({ exitCode: 3, signal: null });
      expect(r.text()).toBe('x');
    }
  });

  it('reports the signal that ended a program, and no exit code', async () => {
    const r = sh('printf ready; exec sleep 600');
    await until(() => r.text() === 'ready', 'the program');
    r.terminal.kill('SIGKILL');
    expect(await r.exit).toEqual({ exitCode: null, signal: 9 });
  });

  it('ends though a program left behind holds the terminal, with what that printed until then', async () => {
    const r = sh('trap "" HUP; (trap "" HUP; echo behind; exec sleep 5) & echo shell; exit 4');
    const started = performance.now();
    expect(await r.exit).toEqual({ exitCode: 4, signal: null });
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(r.text()).toContain('shell\r\n');
    expect(r.text()).toContain('behind\r\n');
  });

  it('ends though a program left behind prints for ever', async () => {
    const r = sh('trap "" HUP; (trap "" HUP; exec yes) & echo shell; exit 0');
    r.terminal.pause();
    expect(await r.exit).toEqual({ exitCode: 0, signal: null });
    expect(r.text()).toContain('shell\r\n');
  });

  it('stays quiet about a dead program', async () => {
    const r = sh('exit 0');
    await r.exit;
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGNONSENSE']) r.terminal.kill(signal);
    r.terminal.resize({ cols: 100, rows: 30 });
    r.terminal.write(Buffer.from('late'));
    r.terminal.pause();
    r.terminal.resume();
    expect(r.terminal.unread).toBe(0);
  });
});

describe('pausing', () => {
  it('makes the program wait, and continues where it stopped', async () => {
    const r = sh('yes | head -c 2000000');
    await until(() => r.chunks.length > 0, 'output');
    r.terminal.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const held = Buffer.concat(r.chunks).length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(Buffer.concat(r.chunks).length).toBe(held);
    r.terminal.resume();
    await r.exit;
    // One million lines of "y\n", each with a carriage return.
    expect(Buffer.concat(r.chunks).length).toBe(3_000_000);
  });
});

describe('a flood', () => {
  it('comes in larger pieces than the kernel gives at once, whole and in order, also when reading stops now and then', async () => {
    const r = sh('seq 1 400000');
    let stops = 0;
    const pieces: number[] = [];
    r.terminal.onData((bytes) => {
      r.chunks.push(Buffer.from(bytes));
      pieces.push(bytes.length);
      // Some pieces are in the stream already when it stops, and come before what is read afterwards.
      if (pieces.length % 7 !== 0) return;
      stops++;
      r.terminal.pause();
      setTimeout(() => r.terminal.resume(), 1);
    });
    await r.exit;
    expect(r.text()).toBe(Array.from({ length: 400_000 }, (_, i) => `${i + 1}\r\n`).join(''));
    expect(stops).toBeGreaterThan(5);
    expect(Math.max(...pieces)).toBeGreaterThan(16 * 1024);
  });
});

describe('input', () => {
  it('arrives in order, whatever its size', async () => {
    const r = run('sh', ['-c', 'stty raw -echo; printf ready; head -c 1000000 | cksum']);
    await until(() => r.text().includes('ready'), 'the program');
    const bytes = Buffer.alloc(1_000_000);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
    for (let i = 0; i < bytes.length; i += 9_973) r.terminal.write(bytes.subarray(i, i + 9_973));
    await r.exit;
    const expected = spawnSync('cksum', { input: bytes }).stdout.toString().trim();
    expect(r.text().slice('ready'.length).trim()).toBe(expected);
  });

  it('is counted until the program takes it, without spinning', async () => {
    const r = sh('stty raw -echo; printf ready; sleep 1; head -c 300000 | wc -c');
    await until(() => r.text().includes('ready'), 'the program');
    const falls: number[] = [];
    r.terminal.onDrain(() => falls.push(r.terminal.unread));
    r.terminal.write(Buffer.alloc(300_000, 'a'));
    const held = r.terminal.unread;
    expect(held).toBeGreaterThan(200_000);
    const busy = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { user, system } = process.cpuUsage(busy);
    expect((user + system) / 1000).toBeLessThan(200);
    // The kernel moves what it has from one buffer to the next, and takes a few KiB more; the program has read nothing.
    expect(held - r.terminal.unread).toBeLessThanOrEqual(8_192);
    await r.exit;
    expect(r.text().slice('ready'.length).trim()).toBe('300000');
    expect(falls.at(-1)).toBe(0);
    for (let i = 1; i < falls.length; i++) expect(falls[i]).toBeLessThan(falls[i - 1]!);
  });
});

describe('size', () => {
  it('is told to the program, at the start and later', async () => {
    const r = sh('stty size; read x; stty size');
    await until(() => r.text().includes('24 80'), 'the first size');
    r.terminal.resize({ cols: 132, rows: 50 });
    r.terminal.write(Buffer.from('\n'));
    await r.exit;
    expect(r.text()).toContain('50 132');
  });
});

describe('a program that cannot start', () => {
  const failure = (start: () => unknown): HermitError => {
    try {
      start();
    } catch (error) {
      if (error instanceof HermitError) return error;
      throw error;
    }
    throw new Error('it started');
  };

  it.each([
    ['a command that is not there', () => run('no-such-command'), 'The command no-such-command was not found.'],
    ['a path that is not there', () => run('./no-such-file'), './no-such-file does not exist.'],
    ['a directory', () => run('/usr'), '/usr is not a file.'],
    ['a directory to start in', () => run('sh', [], { cwd: '/no/such' }), 'The directory /no/such does not exist'],
    ['nothing', () => run(''), 'The command is empty.'],
    ['a NUL', () => run('sh', ['-c', 'echo a\0b']), 'A command cannot contain a NUL character.'],
  ])('%s', (_, start, sentence) => {
    const error = failure(start);
    expect(error.code).toBe('SESSION_START_FAILED');
    expect(error.message).toContain(sentence);
  });

  it('a file without permission', () => {
    writeFileSync(join(directory, 'plain.sh'), '#!/bin/sh\n', { mode: 0o644 });
    expect(failure(() => run('./plain.sh')).message).toBe('./plain.sh may not be executed.');
    expect(failure(() => run('plain.sh', [], { env: { PATH: directory } })).message).toContain('may not be executed');
  });
});

describe('the environment', () => {
  it('names the terminal and keeps the secrets of the agent', async () => {
    const own = {
      PATH: process.env.PATH,
      HERMIT_MACHINE_TOKEN: 'hmt_secret',
      HERMIT_RELAY: 'wss://relay',
      TMUX: 'x',
      npm_config_cache: 'x',
      EDITOR: 'vim',
    };
    const env = { ...sessionEnvironment(own, 'laptop', '1.2.3'), HERMIT_SESSION: 'one' };
    const r = run('env', [], { env });
    await r.exit;
    const seen = r.text();
    expect(seen).not.toContain('hmt_secret');
    expect(seen).not.toMatch(/HERMIT_RELAY|TMUX|npm_config/);
    for (const line of ['TERM=xterm-256color', 'COLORTERM=truecolor', 'HERMIT_SESSION=one', 'HERMIT_MACHINE=laptop']) {
      expect(seen).toContain(line);
    }
    expect(seen).toContain('EDITOR=vim');
    expect(seen).toContain('LANG=C.UTF-8');
  });
});

function running(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
