// A terminal as a person has it in front of them: a program on a real PTY of this machine, painted by an emulator.
import { execFileSync } from 'node:child_process';
import { chmodSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exit, Size } from '@hermit/protocol';
import { spawnPty } from '../../../services/agent/src/terminal/pty.ts';
import type { Terminal } from '../../../services/agent/src/terminal/terminal.ts';
import { program } from './programs.ts';
import { ReferenceTerminal } from './reference.ts';
import { until } from './wait.ts';

type LocalProgram = {
  command: string;
  args: readonly string[];
  cwd: string;
  env?: Record<string, string>;
  size: Size;
};

export class LocalTerminal implements Disposable {
  readonly reference: ReferenceTerminal;
  exit: Exit | null = null;
  private readonly pty: Terminal;

  constructor({ command, args, cwd, env, size }: LocalProgram) {
    const { PATH = '', HOME = '/' } = process.env;
    this.reference = new ReferenceTerminal(size);
    this.pty = spawnPty({
      ...{ command, args: [...args], cwd, size },
      env: { PATH, HOME, TERM: 'xterm-256color', LANG: 'C.UTF-8', NO_COLOR: '1', ...env },
    });
    this.pty.onData((bytes) => this.reference.paint(bytes));
    this.pty.onExit((exit) => {
      this.exit = exit;
    });
  }

  type(keys: string): void {
    this.pty.write(Buffer.from(keys));
  }

  resize(size: Size): void {
    this.reference.paint(size);
    this.pty.resize(size);
  }

  /** How the terminal is set, as `stty -g` says. */
  get modes(): string {
    const device = readlinkSync(`/proc/${this.pty.pid}/fd/0`);
    return execFileSync('stty', ['-g', '-F', device], { encoding: 'utf8' });
  }

  /** What is on the screen and above it, without line ends: they are where the terminal happens to be that wide. */
  async text(): Promise<string> {
    await this.reference.screen();
    const { active } = this.reference.terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '').join('');
  }

  async shows(words: string, deadlineMs?: number): Promise<void> {
    let last = '';
    await until(
      () => `the terminal shows “${words}”\n${last}`,
      async () => {
        last = await this.text();
        return last.includes(words);
      },
      deadlineMs,
    );
  }

  /** The screen once it shows a text and has stopped changing. */
  async settled(shows: string): Promise<string[]> {
    let before = '';
    let same = 0;
    return until(
      () => `the screen shows “${shows}”:\n${before}`,
      async () => {
        const screen = await this.reference.screen();
        const now = screen.join('\n');
        same = now === before && now.includes(shows) ? same + 1 : 0;
        before = now;
        return same >= 15 ? screen : false;
      },
    );
  }

  [Symbol.dispose](): void {
    this.pty.kill('SIGKILL');
  }
}

/** Puts `hermit`, as people call it, into a directory; the number of its latest process is then in `hermit.pid`. */
export function placeHermit(directory: string): void {
  const cache = new URL('./compile-cache.mjs', import.meta.url).href;
  const script = `#!/bin/sh
echo $$ > '${join(directory, 'hermit.pid')}'
exec '${process.execPath}' --import '${cache}' '${program('hermit')}' "$@"
`;
  writeFileSync(join(directory, 'hermit'), script);
  chmodSync(join(directory, 'hermit'), 0o755);
}
