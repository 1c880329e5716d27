// Sessions without a relay, for tests: programs that print what a test says, viewers who acknowledge when it says so,
// on a clock that it moves.
import { randomUUID } from 'node:crypto';
import {
  type AgentToRelay,
  ackFrame,
  FRAME,
  frameAttachment,
  framePayload,
  framePosition,
  frameType,
  inputFrame,
  type MachineMessage,
  type MessageOf,
  snapshotId,
  snapshotIndex,
  snapshotTotal,
  uuidBytes,
} from '@hermit/protocol';
import type { Clock } from '@hermit/transport';
import { noScreen } from '../screen/no-screen.ts';
import type { CreateScreen } from '../screen/screen.ts';
import type { Session } from '../session/session.ts';
import { type Exit, Sessions, type Surroundings } from '../session/sessions.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const USER = randomUUID();

/** Time that a test moves. */
export class HandClock implements Clock {
  private time = 1_000_000;
  private due: { at: number; run: () => void }[] = [];
  now = () => this.time;
  monotonic = () => this.time;

  after(ms: number, run: () => void) {
    const entry = { at: this.time + ms, run };
    this.due.push(entry);
    return {
      cancel: () => {
        this.due = this.due.filter((d) => d !== entry);
      },
    };
  }

  every(ms: number, run: () => void) {
    let timer = this.after(ms, function again(this: void) {});
    timer.cancel();
    const begin = () => {
      timer = this.after(ms, () => {
        begin();
        run();
      });
    };
    begin();
    return { cancel: () => timer.cancel() };
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.due.reduce<(typeof this.due)[number] | null>((a, b) => (a && a.at <= b.at ? a : b), null);
      if (!next || next.at > end) break;
      this.due = this.due.filter((d) => d !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}

/** A program whose output and appetite are the test's. */
export class HandTerminal implements Terminal {
  readonly pid = 1;
  unread = 0;
  paused = false;
  written = '';
  prints: (bytes: Uint8Array) => void = () => {};
  exits: Parameters<Terminal['onExit']>[0] = () => {};
  drained: () => void = () => {};
  onData(listener: (bytes: Uint8Array) => void): void {
    this.prints = listener;
  }
  onExit(listener: Parameters<Terminal['onExit']>[0]): void {
    this.exits = listener;
  }
  onDrain(listener: () => void): void {
    this.drained = listener;
  }
  write(bytes: Uint8Array): void {
    this.written += Buffer.from(bytes).toString();
  }
  resize(): void {}
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  kill(): void {}
}

/** A viewer that has consumed what it was sent up to here. */
export type Seen = { offset: number | null; snapshot: number; chunks: number; bytes: number };

export class HandRelay implements Exit {
  readonly connected = true;
  readonly clock = new HandClock();
  readonly terminals: HandTerminal[] = [];
  readonly told: AgentToRelay[] = [];
  frames: Uint8Array[] = [];
  readonly sessions: Sessions;
  private readonly waiting = new Set<Session>();

  constructor(createScreen: CreateScreen = noScreen, history: Pick<Surroundings, 'history' | 'historyBehind'> = {}) {
    this.sessions = new Sessions(this, {
      spawn: () => {
        const terminal = new HandTerminal();
        this.terminals.push(terminal);
        return terminal;
      },
      createScreen,
      clock: this.clock,
      newId: randomUUID,
      defaults: { command: 'sh', args: [], cwd: '/', env: {}, size: { cols: 80, rows: 24 } },
      ...history,
    });
  }

  message = (m: AgentToRelay): void => void this.told.push(m);
  reply = this.message;
  frame = (frame: Uint8Array): void => void this.frames.push(frame);
  wants = (session: Session): void => void this.waiting.add(session);
  changed(): void {}

  start(options: Partial<MessageOf<MachineMessage, 'start_session'>> = {}): Session {
    this.sessions.message({ type: 'start_session', requestId: randomUUID(), pod: 'pod', userId: USER, ...options });
    return [...this.sessions.all.values()].at(-1) as Session;
  }

  attach(session: Session, clientId: string, over: Partial<MessageOf<MachineMessage, 'attach'>> = {}): string {
    const ids = { sessionId: session.id, clientId, attempt: 1, pod: 'pod', userId: USER };
    this.sessions.message({
      type: 'attach',
      ...ids,
      readOnly: false,
      mode: 'screen',
      from: null,
      inputFrom: 0,
      ...over,
    });
    return clientId;
  }

  detach(session: Session, clientId: string, attempt = 1): void {
    this.sessions.message({ type: 'detach', sessionId: session.id, clientId, attempt });
  }

  drive(session: Session, clientId: string): void {
    this.sessions.message({ type: 'drive', sessionId: session.id, clientId, attempt: 1 });
  }

  type(session: Session, clientId: string, position: number, text: string, attempt = 1): void {
    const bytes = Buffer.from(text);
    const frame = inputFrame(uuidBytes(session.id), uuidBytes(clientId), attempt, position, bytes, false);
    this.sessions.frame(FRAME.input, frame);
  }

  acknowledge(session: Session, clientId: string, seen: Partial<Seen> = {}, attempt = 1, ended = false): void {
    const { offset = null, snapshot = 0, chunks = 0 } = seen;
    const what = { offset, snapshot, chunks, ended };
    this.sessions.frame(FRAME.ack, ackFrame(uuidBytes(session.id), uuidBytes(clientId), attempt, what));
  }

  /** Lets sessions send all they have, as far as windows go. */
  async pump(): Promise<void> {
    await new Promise((done) => setImmediate(done));
    for (const session of this.waiting) {
      this.waiting.delete(session);
      while (session.pump(64 * 1024) >= 64 * 1024);
    }
  }

  /** Takes the frames that were sent, as this viewer would. */
  take(clientId: string, seen: Seen): Seen {
    for (const frame of this.frames.splice(0)) {
      const type = frameType(frame);
      if (type === FRAME.snapshot && frameAttachment(frame) === clientId) {
        seen.snapshot = snapshotId(frame);
        seen.chunks = snapshotIndex(frame) + 1;
        if (seen.chunks === snapshotTotal(frame)) seen.offset = framePosition(frame);
      } else if (type === FRAME.output || (type === FRAME.addressed && frameAttachment(frame) === clientId)) {
        const { length } = framePayload(frame);
        seen.bytes += length;
        seen.offset = framePosition(frame) + length;
      }
    }
    return seen;
  }

  all<T extends AgentToRelay['type']>(type: T): MessageOf<AgentToRelay, T>[] {
    return this.told.filter((m): m is MessageOf<AgentToRelay, T> => m.type === type);
  }
}
