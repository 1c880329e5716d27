// A viewer who types: the real client core, and a view that checks every byte it is given.
import { type Attachment, Connection, type Painting, type SessionStatus, type View } from '@hermit/client';
import { type Exit, type HermitError, type Size, uuidFrom } from '@hermit/protocol';
import type { Dial } from '@hermit/transport';
import { MACHINE } from '../world/sim-store.ts';
import { Process, type World } from '../world/world.ts';
import { byteAt, keystroke, type SessionTruth } from './truth.ts';

export type Viewer = {
  readonly name: string;
  readonly process: Process;
  readonly truth: SessionTruth | null;
  final: string;
  quit: boolean;
  offline: boolean;
  stuck: boolean;
  begin(truth: SessionTruth): void;
  leave(): void;
  /** Says what is missing, or nothing. */
  missing(): string;
};

export class SimClient implements Viewer, View {
  readonly name: string;
  readonly process: Process;
  truth: SessionTruth | null = null;
  final = '';
  quit = false;
  offline = false;
  /** The terminal takes nothing. */
  stuck = false;
  worstStall = 0;
  /** Where history was lost to. */
  readonly lost: number[] = [];
  created = false;
  /** Times that it was told its session could not be made; each may have been made all the same. */
  createErrors = 0;
  attachment: Attachment | null = null;
  firstLiveAt = Number.POSITIVE_INFINITY;
  private position: number | null;
  private size: Size | null = null;
  private live = false;
  private typed = 0;
  readonly connection: Connection;
  private readonly world: World;
  private readonly typist: number;
  readonly mode: 'screen' | 'stream';
  private readonly rate: number;
  private toType: number;
  private wants: string | null;

  constructor(
    world: World,
    dial: (client: SimClient) => Dial,
    options: { typist: number; mode: 'screen' | 'stream'; rate: number; keys: number; create: boolean },
  ) {
    this.world = world;
    this.typist = options.typist;
    this.name = `client${options.typist}`;
    this.mode = options.mode;
    this.rate = options.rate;
    this.toType = options.keys;
    this.wants = options.create ? `made by ${this.name}` : null;
    this.position = options.mode === 'stream' ? 0 : null;
    this.process = new Process(world, this.name);
    this.connection = new Connection({
      url: 'client',
      dial: dial(this),
      clock: this.process.clock(),
      random: world.random,
      newId: () => uuidFrom(world.random32),
      token: (done) => world.at(world.int(0, 3), () => this.process.deliver(this.process.life, () => done('client'))),
      tuning: { leaveGrace: 3_000 },
    });
  }

  begin(truth: SessionTruth): void {
    this.truth = truth;
    if (this.toType > 0) truth.expected.set(this.typist, this.toType);
    this.connection.start();
    const size = this.world.chance(0.5) ? { cols: 80, rows: 24 } : undefined;
    const from = this.mode === 'stream' ? { from: 0 } : {};
    this.attachment = this.connection.attach({
      machineId: MACHINE,
      sessionId: truth.id,
      view: this,
      mode: this.mode,
      ...from,
      ...(size ? { size } : {}),
    });
    if (this.wants) this.create(this.wants);
    this.type();
    this.resizeNowAndThen();
  }

  private create(name: string): void {
    this.connection.request(
      { type: 'create_session', machineId: MACHINE, command: 'quiet', args: [name] },
      (error) => {
        if (error) {
          this.createErrors++;
          if (error.code === 'MACHINE_OFFLINE' || error.code === 'UNAVAILABLE')
            this.later(500, () => this.create(name));
          else this.world.fail('S3', `${this.name}: create_session failed: ${error.code}`);
        } else this.created = true;
      },
      60_000,
    );
  }

  private later(ms: number, run: () => void): void {
    this.world.at(ms, () => this.process.deliver(this.process.life, run));
  }

  private type(): void {
    const { world } = this;
    if (this.quit || this.final || this.toType === 0) return;
    const n = Math.min(this.toType, world.int(1, 3));
    const bytes = Uint8Array.from({ length: n }, (_, i) => keystroke(this.typist, this.typed + i));
    if (this.attachment?.type(bytes)) {
      this.typed += n;
      this.toType -= n;
    }
    this.later(world.int(5, 400), () => this.type());
  }

  private resizeNowAndThen(): void {
    if (this.quit || this.final) return;
    if (this.world.chance(0.2)) {
      this.attachment?.resize({ cols: this.world.int(20, 120), rows: this.world.int(5, 50) });
    }
    this.later(this.world.int(500, 3_000), () => this.resizeNowAndThen());
  }

  leave(): void {
    this.quit = true;
    this.truth?.expected.delete(this.typist);
    this.connection.close('leaves');
    this.process.kill();
  }

  // -- The view

  private consume(length: number, done: () => void): void {
    const wait = () => {
      if (this.stuck) this.later(50, wait);
      else done();
    };
    this.later(length / this.rate, wait);
  }

  data(bytes: Uint8Array, done: () => void): void {
    const { world, truth } = this;
    if (!truth) throw new Error('bytes before a session');
    if (this.position === null) world.fail('S2', `${this.name}: bytes before any screen`);
    for (const byte of bytes) {
      const at = this.position as number;
      if (at >= truth.end) world.fail('S1', `${this.name}: byte ${at} was never printed`);
      if (byte !== byteAt(truth.salt, at)) world.fail('S1', `${this.name}: a wrong byte at ${at}`);
      const size = truth.sizeAt(at);
      if (this.size?.cols !== size.cols || this.size.rows !== size.rows) {
        world.fail(
          'S2',
          `${this.name}: byte ${at} painted at ${this.size?.cols}x${this.size?.rows}, not ${size.cols}x${size.rows}`,
        );
      }
      if (this.live && (truth.printedAt[at] as number) > this.firstLiveAt) {
        this.worstStall = Math.max(this.worstStall, world.now - (truth.printedAt[at] as number));
      }
      this.position = at + 1;
    }
    this.consume(bytes.length, done);
  }

  snapshot(painting: Painting, done: () => void): void {
    const { world, truth } = this;
    const offset = Number(painting.screen.slice(1));
    if (painting.screen[0] !== '@' || !Number.isInteger(offset)) world.fail('S2', `${this.name}: a torn snapshot`);
    if (!/^x*$/.test(painting.scrollback)) world.fail('S2', `${this.name}: a torn scrollback`);
    if (this.position !== null && offset < this.position) world.fail('S2', `${this.name}: the screen moved backwards`);
    if (truth && offset > truth.end) world.fail('S2', `${this.name}: a snapshot of what was never printed`);
    this.position = offset;
    this.consume(painting.screen.length + painting.scrollback.length, done);
  }

  resized(size: Size): void {
    this.size = size;
  }
  state(state: string): void {
    this.live = state === 'live';
    if (this.live) this.firstLiveAt = Math.min(this.firstLiveAt, this.world.now);
  }
  status(_status: SessionStatus): void {}
  historyLost(first: number, from: number): void {
    if (this.position !== from)
      this.world.fail('S1', `${this.name}: history lost from ${from}, but it is at ${this.position}`);
    if (this.world.now > this.firstLiveAt + 300) this.lost.push(first);
    this.position = first;
  }
  ended(exit: Exit): void {
    const { truth } = this;
    if (truth && this.position !== truth.end)
      this.world.fail('S1', `${this.name}: ended at ${this.position} of ${truth.end}`);
    if (truth && !truth.ended) this.world.fail('S4', `${this.name}: ended, but the program runs`);
    if (exit.exitCode !== 7) this.world.fail('S4', `${this.name}: exit code ${exit.exitCode}`);
    this.final = 'ended';
  }
  refused(error: HermitError): void {
    this.world.fail('S3', `${this.name}: refused with ${error.code}`);
  }
  closed(error: HermitError): void {
    if (this.quit) return;
    this.final = error.code;
    if (!this.truth?.gone) this.world.fail('S4', `${this.name} was told ${error.code}, but its session lives`);
  }

  missing(): string {
    const { truth, attachment } = this;
    if (!truth) return 'S4: has not begun';
    if (this.wants && !this.created && !this.final) return 'S4: never heard that its session was created';
    if (truth.gone) return this.final ? '' : 'S4: waits for a session that is gone';
    if (this.final !== 'ended') {
      return `S1: (${this.mode}) is at ${this.position} of ${truth.end}${truth.ended ? ', ended' : ` (${truth.waiting})`}, attached ${attachment?.live}`;
    }
    return '';
  }
}
