// A program on a simulated PTY: bursts and silences, input that it may not read for a while, and an end. And the
// emulator of its screen, which parses a little later and labels its snapshots with what it has parsed.
import { type Exit, LIMITS, type Size } from '@hermit/protocol';
import type { Screen, ScreenSnapshot } from '../../../services/agent/src/screen/screen.ts';
import type { Terminal } from '../../../services/agent/src/terminal/terminal.ts';
import type { Process, World } from '../world/world.ts';
import { byteAt, keystroke, type SessionTruth } from './truth.ts';

export class SimTerminal implements Terminal {
  readonly pid = 1;
  unread = 0;
  private data: (bytes: Uint8Array) => void = () => {};
  private exit: (exit: Exit) => void = () => {};
  private drained: () => void = () => {};
  private paused = false;
  private left: number;
  private readonly world: World;
  private readonly process: Process;
  private readonly truth: SessionTruth;
  private readonly life: number;
  private readonly fast: boolean;
  private input: number[] = [];

  constructor(world: World, process: Process, truth: SessionTruth, output: number) {
    this.world = world;
    this.process = process;
    this.life = process.life;
    this.truth = truth;
    this.left = output;
    this.fast = world.chance(0.4);
    this.later(world.int(0, 300), () => this.print());
  }

  private later(ms: number, run: () => void): void {
    this.world.at(ms, () => this.process.deliver(this.life, run));
  }

  private print(): void {
    const { world, truth } = this;
    if (truth.ended) return;
    if (!this.paused && this.left > 0) {
      const length = Math.min(this.left, world.int(1, 96));
      this.left -= length;
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) {
        bytes[i] = byteAt(truth.salt, truth.end + i);
        truth.printedAt.push(world.now);
      }
      truth.end += length;
      this.data(bytes);
    }
    if (this.left === 0 && truth.waiting === '') {
      this.later(world.int(0, 50), () => this.end({ exitCode: 7, signal: null }));
      return;
    }
    this.later(world.chance(0.03) ? world.int(300, 3_000) : this.fast ? world.int(1, 15) : world.int(10, 150), () =>
      this.print(),
    );
  }

  private end(exit: Exit): void {
    if (this.truth.ended) return;
    this.read(); // what was typed before it ended
    this.truth.ended = true;
    this.exit(exit);
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.data = listener;
  }
  onExit(listener: (exit: Exit) => void): void {
    this.exit = listener;
  }
  onDrain(listener: () => void): void {
    this.drained = listener;
  }

  /** Now and then the program reads nothing for a while. */
  write(bytes: Uint8Array): void {
    this.input.push(...bytes);
    this.unread += bytes.length;
    if (this.world.chance(0.8)) this.read();
    else this.later(this.world.int(10, 900), () => this.read());
  }

  private read(): void {
    for (const key of this.input) {
      const typist = key >> 4;
      const got = this.truth.typed.get(typist) ?? 0;
      if (keystroke(typist, got) !== key) {
        this.world.fail('S3', `keystroke ${key & 15} of typist ${typist} in place ${got}`);
      }
      this.truth.typed.set(typist, got + 1);
    }
    this.input = [];
    const before = this.unread;
    this.unread = 0;
    if (before > 0) this.drained();
  }

  resize(size: Size): void {
    const { sizes, end } = this.truth;
    if (sizes[sizes.length - 1]?.from === end) sizes.pop();
    sizes.push({ from: end, size });
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  kill(): void {
    this.left = 0;
    this.later(0, () => this.end({ exitCode: null, signal: 9 }));
  }
}

export class SimScreen implements Screen {
  private written = 0;
  private parsed = 0;
  private marks: { from: number; size: Size }[];
  private asked: { atLeast: number; done: (snapshot: ScreenSnapshot | null) => void }[] = [];
  private caughtUp: () => void = () => {};
  private readonly world: World;
  private readonly process: Process;
  private readonly life: number;
  private working = false;

  constructor(world: World, process: Process, size: Size) {
    this.world = world;
    this.process = process;
    this.life = process.life;
    this.marks = [{ from: 0, size }];
  }

  get backlog(): number {
    return this.written - this.parsed;
  }

  get full(): boolean {
    return this.backlog >= LIMITS.screenBacklog;
  }

  write(bytes: Uint8Array): void {
    this.written += bytes.length;
    this.work();
  }

  resize(size: Size): void {
    this.marks.push({ from: this.written, size });
  }

  onCaughtUp(listener: () => void): void {
    this.caughtUp = listener;
  }

  /** These programs ask nothing. */
  answer(): void {}
  onReply(): void {}

  private work(): void {
    if (this.working) return;
    this.working = true;
    const { world } = this;
    world.at(world.chance(0.05) ? world.int(50, 700) : world.int(0, 8), () =>
      this.process.deliver(this.life, () => {
        this.working = false;
        this.parsed = Math.min(this.written, this.parsed + world.int(1, 400));
        if (this.parsed < this.written) this.work();
        else this.caughtUp();
        this.settle();
      }),
    );
  }

  private settle(): void {
    const due = this.asked.filter((a) => a.atLeast <= this.parsed);
    this.asked = this.asked.filter((a) => a.atLeast > this.parsed);
    for (const { done } of due) {
      let size = (this.marks[0] as { size: Size }).size;
      for (const mark of this.marks) if (mark.from < this.parsed || mark.from === 0) size = mark.size;
      const padding = 'x'.repeat(this.world.int(0, 400));
      done({ offset: this.parsed, size, title: '', scrollback: padding, screen: `@${this.parsed}` });
    }
  }

  snapshot(atLeast: number, done: (snapshot: ScreenSnapshot | null) => void): void {
    this.asked.push({ atLeast, done });
    this.world.at(0, () => this.process.deliver(this.life, () => this.settle()));
  }

  dispose(): void {
    this.asked = [];
  }
}
