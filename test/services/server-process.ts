// One local server under test: started on a free port in a directory of its own, and gone without a trace.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Warden } from '../../scripts/warden.ts';

/** A server that tests may use. `stop` is idempotent and bounded in time. */
export interface Server {
  readonly url: string;
  /** Such as "Redis 7.0.15, /usr/bin/redis-server". */
  readonly label: string;
  stop(): Promise<void>;
}

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Where ports are looked for: below those that systems give to outgoing connections, one of which could have it before its
 * server does, or while a server that comes back is away; and below those of a cluster's services.
 */
const ports = { first: 15_000, last: 29_999 };

export const freePort = async (host = '127.0.0.1', triesLeft = 50): Promise<number> => {
  const port = randomInt(ports.first, ports.last + 1);
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
  } catch (error) {
    if (triesLeft === 0) throw error;
    return freePort(host, triesLeft - 1);
  }
  probe.close();
  await once(probe, 'close');
  return port;
};

export const temporaryDirectory = async (role: string, warden: Warden) => {
  const path = await mkdtemp(join(tmpdir(), `hermit-${role}-`));
  warden.guard({ kind: 'dir', value: path });
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
};

/** Tries `condition` until it gives a value; throws its last error, or that the process ended, at the deadline. */
export const untilReady = async <T>(
  what: string,
  running: ServerProcess,
  condition: () => Promise<T>,
  deadlineMs = 30_000,
): Promise<T> => {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await condition();
    } catch (error) {
      if (running.ended) throw new Error(`${what} stopped while starting.\n${running.output()}`, { cause: error });
      if (Date.now() > end) throw new Error(`${what} is not ready after ${deadlineMs} ms.`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
};

/** The last lines kept of a server's output, for the message when it will not start. */
const keptOutput = 8_192;

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';
  #failed = false;

  constructor(command: string, args: readonly string[], warden: Warden, options: { cwd?: string; as?: Identity } = {}) {
    this.#child = spawn(command, args, {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.as && { uid: options.as.uid, gid: options.as.gid }),
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', (error) => {
        this.#failed = true;
        this.#output += error.message;
        resolve(error);
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-keptOutput);
      });
    }
    const { pid } = this.#child;
    if (pid) {
      warden.guard({ kind: 'pid', value: pid });
      void this.#exited.then(() => warden.release(pid));
    }
  }

  get ended(): boolean {
    return this.#failed || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  output(): string {
    return this.#output.trim();
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.ended) this.#child.kill(signal);
  }

  /** Asks with `signal`, and insists with SIGKILL after five seconds. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.ended) return;
    this.#child.kill(signal);
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await this.#exited;
    clearTimeout(insist);
  }
}
