// One process of Hermit under test: a relay pod, an agent, a command line. Dies with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { program } from './programs.ts';
import { until } from './wait.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const COMPILE_CACHE = new URL('./compile-cache.mjs', import.meta.url).href;
/** Output that is kept for the message of a failure. */
const KEPT = 256 * 1024;

export class HermitProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  private readonly exited: Promise<unknown>;

  constructor(part: 'relay' | 'agent' | 'hermit', args: readonly string[], env: Record<string, string>) {
    const { PATH = '', HOME = '/', TMPDIR } = process.env;
    const node = ['--import', COMPILE_CACHE, program(part)];
    this.child = spawn(process.execPath, [...node, ...args], {
      cwd: ROOT,
      env: { PATH, HOME, NO_COLOR: '1', ...(TMPDIR ? { TMPDIR } : {}), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-KEPT);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-KEPT);
    });
    this.child.stdin?.on('error', () => {});
    this.exited = once(this.child, 'close');
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get code(): number | null {
    return this.child.exitCode;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (!this.ended) this.child.kill(signal);
  }

  /** The largest resident set it has had so far, as the kernel keeps it; bytes, 0 once it has ended. */
  get mostMemory(): number {
    if (this.ended) return 0;
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  async end(deadlineMs = 30_000): Promise<number | null> {
    await until(`the process ends\n${this.stdout}\n${this.stderr}`, () => this.ended, deadlineMs);
    await this.exited;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGCONT');
    this.kill('SIGKILL');
    if (!this.ended) await this.exited;
  }
}
