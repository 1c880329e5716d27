// Programs on PTYs through node-pty; the only file that imports it.
//
// node-pty's own ways that do not fit here, and what stands in their place (read from 1.2.0-beta.15, which is pinned;
// pty.contract.test.ts fails when a later version differs):
// - It closes its side 200 ms after the exit, also while reading is paused or the process was too busy to read, and
//   drops what the kernel still holds. Every close passes through the socket's `destroy`: there the rest is read first.
// - Its writes spin the event loop for as long as the program does not read. Ours wait between tries.
// - After the close the number of its descriptor may belong to another PTY, so nothing may use it any more.
import { readSync, writeSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { type Exit, HermitError, type Size } from '@hermit/protocol';
import { type IPty, spawn } from 'node-pty';
import { checkProgram } from './program.ts';
import { Shares } from './shares.ts';
import type { Spawn, SpawnOptions, Terminal } from './terminal.ts';

/** First and longest wait before input that the program does not take is tried again; milliseconds. */
const RETRY_MIN = 2;
const RETRY_MAX = 50;
/** More than a kernel holds for one PTY. A program left behind that prints for ever is cut off there. */
const DRAIN_BOUND = 256 * 1024;
/** What the kernel gives for one read of a PTY when more is waiting, or nearly; bytes. Elsewhere than on Linux it is less. */
const FULL_READ = 4000;

/** Where floods are gathered, one at a time: whoever is given them keeps nothing of it. */
const gathered = new Uint8Array(64 * 1024);
const shares = new Shares(() => performance.now());

/** What node-pty's terminals have and its types do not tell. */
type Inside = { readonly _socket: ReadStream; readonly fd: number };

export const spawnPty: Spawn = (options) => {
  checkProgram(options);
  return new Pty(options);
};

class Pty implements Terminal {
  readonly pid: number;
  private readonly pty: IPty;
  private readonly socket: ReadStream;
  private readonly fd: number;
  private open = true;
  private ended = false;
  private data: (bytes: Uint8Array) => void = () => {};
  private drained: () => void = () => {};
  private readonly input: Uint8Array[] = [];
  private inputBytes = 0;
  private retry: NodeJS.Timeout | null = null;
  private retryAfter = RETRY_MIN;

  constructor({ command, args, cwd, env, size }: SpawnOptions) {
    this.pty = start(command, args, { cwd, env, size });
    this.pid = this.pty.pid;
    const { _socket: socket, fd } = this.pty as IPty & Inside;
    this.socket = socket;
    this.fd = fd;
    // Errors other than the end of the PTY; node-pty throws them out of the event loop if nobody listens.
    socket.on('error', () => {});
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => {
      this.close();
      return destroy(error);
    };
    // With encoding null node-pty's strings are buffers.
    this.pty.onData((bytes) => this.received(bytes as unknown as Uint8Array));
  }

  /**
   * The kernel gives little more than a page for each read, and each wake-up costs more than the read. In a flood more is
   * mostly there, or comes while the kernel is asked for it: so it is asked again until it has nothing.
   */
  private received(bytes: Uint8Array): void {
    const share = bytes.length >= FULL_READ && this.canRead ? shares.of(this.pid) : 0;
    this.data(share > bytes.length ? this.readOn(bytes, share) : bytes);
  }

  /** What was read, and as much more as is there, about `most` bytes. */
  private readOn(first: Uint8Array, most: number): Uint8Array {
    gathered.set(first);
    let length = first.length;
    for (let read = FULL_READ; read >= FULL_READ && length < most; length += read)
      read = readInto(this.fd, gathered, length);
    return gathered.subarray(0, length);
  }

  /** What is read now follows what was delivered: the stream has nothing that it read before. */
  private get canRead(): boolean {
    return this.open && !this.socket.isPaused() && this.socket.readableLength === 0;
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.data = listener;
  }

  onExit(listener: (exit: Exit) => void): void {
    this.pty.onExit(({ exitCode, signal }) => {
      if (this.ended) return;
      this.ended = true;
      listener(signal ? { exitCode: null, signal } : { exitCode, signal: null });
    });
  }

  get unread(): number {
    return this.inputBytes;
  }

  write(bytes: Uint8Array): void {
    if (!this.open || bytes.length === 0) return;
    this.input.push(bytes);
    this.inputBytes += bytes.length;
    if (!this.retry) this.feed();
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  resize({ cols, rows }: Size): void {
    if (!this.open) return;
    try {
      this.pty.resize(cols, rows);
    } catch {
      // The program has gone and the close is on its way.
    }
  }

  pause(): void {
    if (this.open) this.socket.pause();
  }

  resume(): void {
    if (this.open) this.socket.resume();
  }

  /** Reaches the program and what it started in its own process group. */
  kill(signal: string): void {
    if (this.ended) return;
    for (const target of [-this.pid, this.pid]) {
      try {
        process.kill(target, signal);
        return;
      } catch {
        // No such group (the program has not become its leader yet), no such process, or no such signal.
      }
    }
  }

  /** Hands the kernel what it takes now; the rest is tried again a little later. */
  private feed(): void {
    this.retry = null;
    const before = this.inputBytes;
    while (this.open) {
      const head = this.input[0];
      if (!head) break;
      const written = writeSome(this.fd, head);
      if (written === 0) break;
      this.inputBytes -= written;
      this.retryAfter = RETRY_MIN;
      if (written === head.length) this.input.shift();
      else this.input[0] = head.subarray(written);
    }
    if (this.inputBytes > 0 && this.open) {
      this.retry = setTimeout(() => this.feed(), this.retryAfter);
      this.retryAfter = Math.min(this.retryAfter * 2, RETRY_MAX);
    }
    if (this.inputBytes < before) this.drained();
  }

  /** Before the PTY closes: delivers everything that was written to it, and stops using it. */
  private close(): void {
    if (!this.open) return;
    this.open = false;
    if (this.retry) clearTimeout(this.retry);
    this.retry = null;
    this.input.length = 0;
    this.inputBytes = 0;
    // What was read while paused comes first; reading it hands it to the listener.
    while (this.socket.read() !== null);
    for (let total = 0; total < DRAIN_BOUND; ) {
      const bytes = readSome(this.fd);
      if (!bytes) return;
      total += bytes.length;
      this.data(bytes);
    }
  }
}

function start(command: string, args: readonly string[], { cwd, env, size }: Omit<SpawnOptions, 'command' | 'args'>) {
  try {
    return spawn(command, [...args], {
      cwd,
      env: { ...env },
      cols: size.cols,
      rows: size.rows,
      encoding: null,
      name: env.TERM ?? 'xterm-256color',
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HermitError('SESSION_START_FAILED', `The system gave no terminal: ${reason}`);
  }
}

/** 0: the kernel takes nothing at the moment, or never again. */
function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch {
    return 0;
  }
}

/** Null: nothing is there (and perhaps never will be). */
function readSome(fd: number): Uint8Array | null {
  const bytes = new Uint8Array(64 * 1024);
  const length = readInto(fd, bytes, 0);
  return length > 0 ? bytes.slice(0, length) : null;
}

/** How many bytes now stand in `bytes` from `at` on; 0: as above. */
function readInto(fd: number, bytes: Uint8Array, at: number): number {
  try {
    return readSync(fd, bytes, at, bytes.length - at, null);
  } catch {
    return 0;
  }
}
