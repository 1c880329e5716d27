// The processes that a run started: each answers orders over IPC, and none outlives the run.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from '../load/deadline.ts';
import { MEMORY_DIRECTORY } from './memory-file.ts';

/** How long a process may take to say that it is ready, and to answer an order that names no deadline of its own. */
const READY_MS = 20_000;
const ORDER_MS = 120_000;
/** How long a process may take to keep what it has compiled. */
const KEEP_MS = 8_000;
/** How much of a process's stderr is kept, to be shown when it dies unexpectedly. */
const KEPT_STDERR = 4_096;

const MEMORY_REPORT = fileURLToPath(new URL('./memory-report.ts', import.meta.url));

interface Launch {
  /** What the process is in its contestant: `pod-a`, `agent`, `redis`, `load-1`. */
  role: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Whether the process shall keep what it has compiled for the next that runs the same, which takes it seconds. */
  keeps?: () => boolean;
  /** With IPC the process says `{ ready }` first and then answers `{ id, order }` with `{ id, result | error }`. */
  ipc?: boolean;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** One started process. */
export class Child {
  readonly role: string;
  /** The run's scratch directory. */
  readonly directory: string;
  readonly exited: Promise<void>;
  private readonly process: ChildProcess;
  private readonly keeps: () => boolean;
  private readonly waiting = new Map<number, Waiting>();
  private readonly readiness: Promise<unknown>;
  private stderr = '';
  private nextId = 1;
  private gone = false;

  constructor(launch: Launch, directory: string) {
    this.role = launch.role;
    this.directory = directory;
    this.keeps = launch.keeps ?? (() => false);
    this.process = spawn(launch.command, launch.args, {
      env: { ...process.env, [MEMORY_DIRECTORY]: directory, ...launch.env },
      stdio: launch.ipc ? ['ignore', 'ignore', 'pipe', 'ipc'] : ['ignore', 'ignore', 'pipe'],
      serialization: 'advanced',
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-KEPT_STDERR);
    });
    this.exited = new Promise((resolve) => {
      const over = (why: string) => {
        this.gone = true;
        for (const id of [...this.waiting.keys()]) this.settle(id, undefined, new Error(why));
        resolve();
      };
      this.process.once('error', (error) => over(`${launch.role} did not start: ${error.message}`));
      this.process.once('exit', (code, signal) => over(`${launch.role} ended (${signal ?? code}): ${this.stderr}`));
    });
    this.process.on('message', (message: { id: number; result?: unknown; error?: string }) => {
      this.settle(message.id, message.result, message.error === undefined ? undefined : new Error(message.error));
    });
    this.readiness = launch.ipc ? this.expect(0, READY_MS) : Promise.resolve();
    // Whoever needs the readiness awaits it; a death before that is not an unhandled rejection.
    this.readiness.catch(() => undefined);
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** Whether the process is still there. */
  get alive(): boolean {
    return !this.gone;
  }

  /** What the process said when it was ready. */
  ready<T>(): Promise<T> {
    return this.readiness as Promise<T>;
  }

  /** Sends one order and waits for its answer. */
  ask<T>(order: object, deadlineMs = ORDER_MS): Promise<T> {
    const id = this.nextId++;
    const answer = this.expect<T>(id, deadlineMs);
    if (this.gone) this.settle(id, undefined, new Error(`${this.role} is gone: ${this.stderr}`));
    else this.process.send({ id, order });
    return answer;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.gone) this.process.kill(signal);
  }

  /** SIGKILL works on a stopped process as well. */
  async stop(): Promise<void> {
    if (!this.gone && this.keeps()) {
      this.signal('SIGPWR');
      await within(KEEP_MS, 'Keeping compiled code', this.exited).catch(() => undefined);
    }
    this.signal('SIGKILL');
    await this.exited;
  }

  private expect<T>(id: number, deadlineMs: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.settle(id, undefined, new Error(`${this.role} did not answer within ${deadlineMs} ms: ${this.stderr}`));
      }, deadlineMs);
      this.waiting.set(id, { resolve: resolve as (value: never) => void, reject, timer });
    });
  }

  private settle(id: number, result: unknown, error: Error | undefined): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(error);
    else waiting.resolve(result as never);
  }
}

/** Every process of the run, and its scratch directory; stopping it leaves nothing behind. */
export class Processes {
  readonly directory = mkdtempSync(join(tmpdir(), 'hermit-bench-'));
  private readonly children = new Set<Child>();
  /** Scripts whose compiled code is kept. */
  private readonly kept = new Set<string>();
  private closing = false;

  start(launch: Launch): Child {
    if (this.closing) throw new Error('The run is being stopped.');
    const child = new Child(launch, this.directory);
    this.children.add(child);
    void child.exited.then(() => this.children.delete(child));
    return child;
  }

  /**
   * Starts a TypeScript file under the Node of this run. All contestants' processes get the same
   * flags: `SIGUSR2` collects garbage and reports memory, so that it is compared after a collection.
   */
  node(role: string, file: string, args: string[] = [], env: Record<string, string> = {}, ipc = true): Child {
    const keeps = () => {
      if (this.closing || this.kept.has(file)) return false;
      this.kept.add(file);
      return true;
    };
    return this.start({ role, command: process.execPath, args: [...nodeFlags(), file, ...args], env, ipc, keeps });
  }

  async stopAll(): Promise<void> {
    this.closing = true;
    await Promise.all([...this.children].map((child) => child.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** For the last moment of the process, when nothing can be awaited any more. */
  killAll(): void {
    this.closing = true;
    for (const child of this.children) child.signal('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The flags with which every Node process of the benchmark runs. */
function nodeFlags(): string[] {
  return ['--conditions=@hermit/source', '--expose-gc', '--import', MEMORY_REPORT];
}
