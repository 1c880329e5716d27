// One of our long-running processes: started, restarted when it crashes, stopped for good in bounded time.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Warden } from '../warden.ts';
import type { LogFile } from './log-file.ts';

/** After SIGTERM a process has this long before SIGKILL. */
const stopDeadlineMs = 8_000;
/** This many crashes within the window are no accident: the service gives up. */
const crashLimit = 5;
const crashWindowMs = 60_000;

interface Program {
  /** As a person calls it: "relay". */
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Exit codes after which another start would end the same way, with what each means. */
  readonly finalExits?: Readonly<Record<number, string>>;
}

interface Watcher {
  /** It crashed, and is started again. */
  crashed(sentence: string): void;
  /** It ended, and starting it again would not help. */
  left(sentence: string): void;
  /** It crashed too often. */
  gaveUp(sentence: string): void;
}

export class Service {
  readonly #program: Program;
  readonly #log: LogFile;
  readonly #warden: Warden;
  readonly #watcher: Watcher;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #crashes: number[] = [];
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;
  #settled = false;

  constructor(program: Program, log: LogFile, warden: Warden, watcher: Watcher) {
    this.#program = program;
    this.#log = log;
    this.#warden = warden;
    this.#watcher = watcher;
  }

  /** How the process ended, while nobody called `settle`: before that a crash is not repeated. */
  endedEarly: string | undefined;

  get log(): LogFile {
    return this.#log;
  }

  start(): void {
    const child = spawn(process.execPath, this.#program.args, {
      // A group of its own: Ctrl-C comes to us alone, and we stop things in their order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#program.environment,
    });
    this.#child = child;
    if (child.pid) this.#warden.guard({ kind: 'pid', value: child.pid });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#log.append(text));
    }
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#log.append(`${error.message}\n`);
        this.#ended(error.message);
        resolve();
      });
      child.once('exit', (code, signal) => {
        if (child.pid) this.#warden.release(child.pid);
        const why = code === null ? undefined : this.#program.finalExits?.[code];
        this.#ended(why ?? (signal ? `was killed by ${signal}` : `ended with exit code ${code}`), why !== undefined);
        resolve();
      });
    });
  }

  /** It is ready: from now on a crash is answered with a restart. */
  settle(): void {
    this.#settled = true;
  }

  #ended(how: string, isFinal = false): void {
    this.#child = undefined;
    if (this.#stopping) return;
    if (!this.#settled) {
      this.endedEarly = how;
      return;
    }
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < crashWindowMs), now];
    const what = `The ${this.#program.name} ${how}; its log is ${this.#log.path}`;
    if (isFinal) {
      this.#watcher.left(`${what}. Everything else runs on; the next start brings it back.`);
      return;
    }
    if (this.#crashes.length >= crashLimit) {
      this.#watcher.gaveUp(`${what}. That was the ${crashLimit}th time within a minute.`);
      return;
    }
    this.#watcher.crashed(`${what}. Starting it again.`);
    const backoffMs = 250 * 2 ** this.#crashes.length * (0.5 + Math.random());
    this.#restart = setTimeout(() => this.start(), backoffMs);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child?.pid) return;
    const group = -child.pid;
    child.kill('SIGTERM');
    const insist = setTimeout(() => process.kill(group, 'SIGKILL'), stopDeadlineMs);
    await this.#exited;
    clearTimeout(insist);
  }
}
