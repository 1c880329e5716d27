// Screens kept by emulators in one worker thread, which all sessions of an agent share. It starts with the first
// session; should it die, the screens in it answer no more snapshots and the next session starts another.
import { Worker } from 'node:worker_threads';
import { LIMITS, type Size } from '@hermit/protocol';
import { GatherBuffers, Gathered, HANDED_OVER } from './buffers.ts';
import type { FromThread, ToThread } from './messages.ts';
import type { CreateScreen, Screen, ScreenSnapshot } from './screen.ts';

/** A session whose program was paused because of its backlog goes on below this. */
const CAUGHT_UP = LIMITS.screenBacklog / 4;

/**
 * Output is handed over when so much has come, or so long after it came (bytes, milliseconds); at once when a snapshot
 * is asked for. The emulator skips most of a large piece, and of many small ones nothing: it costs more than the path.
 */
const HAND_OVER_AFTER = 250;
/** Output with an escape in it that may be a question, while it is for the emulator to answer: handed over at once. */
const QUESTION = 1024;
const ESCAPE = 0x1b;

/** A snapshot that takes longer is given up; its viewer is served from history. Milliseconds. */
const SNAPSHOT_WITHIN = 10_000;
/** A thread that says nothing for so long while it owes something is ended: programs wait for it. Milliseconds. */
const SILENCE = 30_000;

// Beside this file, as source or as built.
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);

export type ScreenWorkers = {
  createScreen: CreateScreen;
  /** Starts the thread before the first session needs it: loading the emulator takes most of a second. */
  start(): void;
  /** Ends the thread; its screens fail. */
  stop(): Promise<void>;
};

/** `onFailure`: a thread or one emulator in it died; for the log. */
export function screenWorkers(onFailure: (reason: string) => void = () => {}): ScreenWorkers {
  let thread: ScreenThread | null = null;
  const living = (): ScreenThread => {
    if (!thread?.alive) thread = new ScreenThread(onFailure);
    return thread;
  };
  return {
    createScreen: (size, scrollback) => living().open(size, scrollback),
    start: () => void living(),
    async stop() {
      await thread?.stop();
    },
  };
}

class ScreenThread {
  alive = true;
  private readonly worker: Worker;
  private readonly screens = new Map<number, WorkerScreen>();
  private readonly onFailure: (reason: string) => void;
  private opened = 0;
  private stopping = false;
  private outbox: ToThread[] = [];
  private transfer: ArrayBuffer[] = [];
  private readonly unsent = new Set<WorkerScreen>();
  private scheduled = false;
  private handOver: NodeJS.Timeout | null = null;
  private heardAt = performance.now();
  /** Written and not yet parsed, of all screens; and those whose programs wait because of that. */
  private backlog = 0;
  private crowded = new Set<WorkerScreen>();
  readonly buffers = new GatherBuffers();
  private readonly watch: NodeJS.Timeout;

  constructor(onFailure: (reason: string) => void) {
    this.onFailure = onFailure;
    this.worker = new Worker(THREAD, { name: 'screens' });
    // The sessions keep the process alive, not what shows them.
    this.worker.unref();
    this.worker.on('message', (messages: FromThread[]) => {
      this.heardAt = performance.now();
      for (const m of messages) {
        if (m.type === 'buffers') this.buffers.giveBack(m.buffers);
        else this.screens.get(m.screen)?.heard(m);
      }
    });
    this.worker.on('error', (error) => this.died(error instanceof Error ? error.message : String(error)));
    this.worker.on('exit', (code) => this.died(`it ended with ${code}`));
    this.watch = setInterval(() => this.listen(), SILENCE / 6);
    this.watch.unref();
  }

  open(size: Size, scrollback: number): Screen {
    const id = ++this.opened;
    const screen = new WorkerScreen(id, this, () => {
      this.onFailure(`the emulator of one session failed`);
      this.screens.delete(id);
    });
    this.screens.set(id, screen);
    this.post({ type: 'open', screen: id, size, scrollback });
    return screen;
  }

  /** Goes out at the end of this turn of the event loop, with everything else of the turn. */
  post(message: ToThread): void {
    this.outbox.push(message);
    if (message.type === 'write' && message.bytes.buffer instanceof ArrayBuffer)
      this.transfer.push(message.bytes.buffer);
    this.schedule();
  }

  close(screen: WorkerScreen, id: number): void {
    this.post({ type: 'close', screen: id });
    this.screens.delete(id);
    this.crowded.delete(screen);
  }

  /** Written (positive) or parsed, by one of the screens. */
  change(bytes: number): void {
    this.backlog += bytes;
    if (this.crowded.size === 0 || this.backlog >= LIMITS.screenBacklogs / 2) return;
    const { crowded } = this;
    this.crowded = new Set();
    for (const screen of crowded) screen.roomAgain();
  }

  /** Together the screens have as much waiting as may be; each may have its share. */
  full(screen: WorkerScreen, backlog: number): boolean {
    if (this.backlog < LIMITS.screenBacklogs || backlog < LIMITS.screenBacklogs / this.screens.size) return false;
    this.crowded.add(screen);
    return true;
  }

  /** Nothing is gathered any longer while everybody waits for room. */
  get pressed(): boolean {
    return this.backlog >= LIMITS.screenBacklogs;
  }

  /** The screen has output to send; `much`: soon. */
  willWrite(screen: WorkerScreen, much: boolean): void {
    this.unsent.add(screen);
    if (much) this.schedule();
    else if (this.alive) {
      this.handOver ??= setTimeout(() => {
        this.handOver = null;
        this.send();
      }, HAND_OVER_AFTER).unref();
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.worker.terminate();
  }

  private listen(): void {
    const owing = [...this.screens.values()].some((screen) => screen.waits);
    if (!owing) this.heardAt = performance.now();
    else if (performance.now() - this.heardAt > SILENCE) {
      this.died(`nothing was heard of it for ${SILENCE / 1000} s`);
      void this.worker.terminate();
    }
  }

  private schedule(): void {
    if (this.scheduled || !this.alive) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.send();
    });
  }

  private send(): void {
    // What is flushed now goes with this message. Were another one due for it, a flood would be handed over in every turn.
    const { scheduled } = this;
    this.scheduled = true;
    for (const screen of this.unsent) screen.flush();
    this.scheduled = scheduled;
    this.unsent.clear();
    const { outbox, transfer } = this;
    this.outbox = [];
    this.transfer = [];
    if (this.alive && outbox.length > 0) this.worker.postMessage(outbox, transfer);
  }

  private died(reason: string): void {
    if (!this.alive) return;
    this.alive = false;
    clearInterval(this.watch);
    if (this.handOver) clearTimeout(this.handOver);
    this.outbox = [];
    this.unsent.clear();
    if (!this.stopping) this.onFailure(`the thread of the screens died: ${reason}`);
    const { screens } = this;
    for (const screen of [...screens.values()]) screen.fail();
    screens.clear();
  }
}

class WorkerScreen implements Screen {
  private readonly id: number;
  private readonly thread: ScreenThread;
  private readonly failed: () => void;
  private written = 0;
  private parsed = 0;
  private readonly gathered: Gathered;
  private requests = new Map<number, (snapshot: ScreenSnapshot | null) => void>();
  private asked = 0;
  private dead = false;
  private caughtUp: () => void = () => {};
  private reply: (bytes: Uint8Array) => void = () => {};
  private answering = true;

  constructor(id: number, thread: ScreenThread, failed: () => void) {
    this.id = id;
    this.thread = thread;
    this.failed = failed;
    this.gathered = new Gathered(thread.buffers);
  }

  get backlog(): number {
    return this.dead ? 0 : this.written - this.parsed;
  }

  get full(): boolean {
    const { backlog } = this;
    return backlog >= LIMITS.screenBacklog || this.thread.full(this, backlog);
  }

  roomAgain(): void {
    this.caughtUp();
  }

  /** Something is owed that comes soon: more than an unfinished character, or a snapshot. */
  get waits(): boolean {
    return this.backlog > 3 || this.requests.size > 0;
  }

  write(bytes: Uint8Array): void {
    if (this.dead || bytes.length === 0) return;
    this.written += bytes.length;
    this.thread.change(bytes.length);
    for (let from = 0; from < bytes.length; ) {
      from += this.gathered.add(bytes, from);
      if (this.gathered.bytes >= HANDED_OVER) this.flush();
    }
    // A program that asks prints little, and waits.
    const asks = this.answering && bytes.length <= QUESTION && bytes.includes(ESCAPE);
    this.thread.willWrite(this, asks || this.thread.pressed);
  }

  answer(on: boolean): void {
    if (this.dead || on === this.answering) return;
    this.answering = on;
    this.flush();
    this.thread.post({ type: 'answer', screen: this.id, on });
  }

  onReply(listener: (bytes: Uint8Array) => void): void {
    this.reply = listener;
  }

  resize(size: Size): void {
    if (this.dead) return;
    this.flush();
    this.thread.post({ type: 'resize', screen: this.id, size: { cols: size.cols, rows: size.rows } });
  }

  onCaughtUp(listener: () => void): void {
    this.caughtUp = listener;
  }

  snapshot(atLeast: number, done: (snapshot: ScreenSnapshot | null) => void): void {
    if (this.dead) {
      // Later, as every answer.
      queueMicrotask(() => done(null));
      return;
    }
    this.flush();
    const request = ++this.asked;
    const late = setTimeout(() => this.settle(request, null), SNAPSHOT_WITHIN);
    late.unref();
    this.requests.set(request, (snapshot) => {
      clearTimeout(late);
      done(snapshot);
    });
    this.thread.post({ type: 'snapshot', screen: this.id, request, atLeast });
  }

  dispose(): void {
    if (this.dead) return;
    this.end();
    this.requests.clear();
    this.thread.close(this, this.id);
  }

  /** Hands what was written to the thread. */
  flush(): void {
    if (this.dead) return;
    const bytes = this.gathered.take();
    if (bytes) this.thread.post({ type: 'write', screen: this.id, bytes });
  }

  private end(): void {
    this.thread.change(this.parsed - this.written);
    this.dead = true;
    this.gathered.take();
  }

  heard(m: FromThread): void {
    switch (m.type) {
      case 'parsed': {
        const before = this.backlog;
        if (this.dead) return;
        this.thread.change(this.parsed - m.offset);
        this.parsed = m.offset;
        if (before >= CAUGHT_UP && this.backlog < CAUGHT_UP) this.caughtUp();
        return;
      }
      case 'snapshot':
        this.settle(m.request, m.snapshot);
        return;
      case 'reply':
        if (!this.dead) this.reply(Buffer.from(m.text));
        return;
      case 'failed':
        this.failed();
        this.fail();
        return;
    }
  }

  private settle(request: number, snapshot: ScreenSnapshot | null): void {
    const done = this.requests.get(request);
    this.requests.delete(request);
    done?.(snapshot);
  }

  /** The emulator is gone: nobody may wait for it. */
  fail(): void {
    if (this.dead) return;
    this.end();
    for (const request of [...this.requests.keys()]) this.settle(request, null);
    this.caughtUp();
  }
}
