// A relay played by hand: the test sees what a client dialled and said, and says what comes back.
import {
  type ClientToRelay,
  encodeSnapshot,
  FRAME,
  frameAttempt,
  frameFlags,
  framePayload,
  framePosition,
  frameType,
  inputAckFrame,
  type MessageOf,
  outputFrame,
  type RelayToClient,
  readAck,
  type Size,
  snapshotFrame,
  uuidBytes,
  uuidFrom,
} from '@hermit/protocol';
import { type Dial, type Random, type Socket, type SocketEvents, seeded } from '@hermit/transport';
import type { Attachment } from '../attachment.ts';
import type { AttachOptions } from '../attachment-ports.ts';
import { Connection } from '../connection.ts';
import type { ConnectionOptions, ConnectionState } from '../connection-options.ts';
import type { AttachmentState, Painting, SessionStatus, View } from '../view.ts';
import { VirtualClock } from './virtual-clock.ts';

export const MACHINE = '11111111-1111-4111-8111-111111111111';
export const SESSION = '22222222-2222-4222-8222-222222222222';
export const USER = { id: '33333333-3333-4333-8333-333333333333', email: 'ann@example.org' };
const SIZE: Size = { cols: 80, rows: 24 };

const text = new TextDecoder();
export const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);

/** One dialled socket, as the relay sees it. */
class HandSocket implements Socket {
  open = false;
  buffered = 0;
  closedWith: number | null = null;
  readonly sent: ClientToRelay[] = [];
  readonly frames: Uint8Array[] = [];
  /** Of those, how many have been hurried. */
  flushed = 0;
  events: SocketEvents;
  readonly url: string;
  private readonly opened: (socket: Socket) => void;

  constructor(url: string, events: SocketEvents, opened: (socket: Socket) => void) {
    this.url = url;
    this.events = events;
    this.opened = opened;
  }

  sendText(message: string): void {
    if (this.open) this.sent.push(JSON.parse(message) as ClientToRelay);
  }
  sendBinary(message: Uint8Array): void {
    if (this.open) this.frames.push(message);
  }
  flush(): void {
    this.flushed = this.frames.length;
  }
  whenBelow(): void {}
  close(code: number): void {
    this.open = false;
    this.closedWith = code;
  }
  terminate(): void {
    this.open = false;
    this.closedWith = 1006;
  }

  // -- the relay's side

  /** The connection stands; nothing is said yet. */
  accept(): this {
    this.open = true;
    this.opened(this);
    return this;
  }

  /** Stands, and is authenticated. */
  welcome(pod = 'pod-1'): this {
    this.accept();
    this.say({ type: 'authenticated', protocol: 1, user: USER, pod, expiresAt: 2_000_000 });
    return this;
  }

  say(message: RelayToClient): void {
    this.events.text(JSON.stringify(message));
  }

  cut(code = 1006, reason = ''): void {
    this.open = false;
    this.events.close(code, reason);
  }

  all<T extends ClientToRelay['type']>(type: T): MessageOf<ClientToRelay, T>[] {
    return this.sent.filter((m): m is MessageOf<ClientToRelay, T> => m.type === type);
  }

  last<T extends ClientToRelay['type']>(type: T): MessageOf<ClientToRelay, T> {
    const found = this.all(type).at(-1);
    if (!found) throw new Error(`no ${type} was sent`);
    return found;
  }

  attached(over: Partial<MessageOf<RelayToClient, 'attached'>> = {}): void {
    const m = this.last('attach');
    this.say({
      type: 'attached',
      machineId: MACHINE,
      sessionId: m.sessionId,
      clientId: m.clientId as string,
      attempt: m.attempt as number,
      inputOffset: 0,
      readOnly: m.readOnly ?? false,
      ...SIZE,
      sizePolicy: 'latest',
      driver: m.clientId as string,
      first: 0,
      end: 0,
      requestId: m.requestId,
      ...over,
    });
  }

  tip(end: number, over: Partial<MessageOf<RelayToClient, 'tip'>> = {}): void {
    const m = this.last('attach');
    this.say({
      type: 'tip',
      sessionId: m.sessionId,
      attempt: m.attempt as number,
      end,
      ...SIZE,
      sizePolicy: 'latest',
      driver: m.clientId as string,
      ...over,
    });
  }

  private get address() {
    const m = this.last('attach');
    return { attachment: uuidBytes(m.clientId as string), attempt: m.attempt as number, round: 0 };
  }

  /** Output for every live attachment. */
  output(offset: number, what: string, size = SIZE): void {
    this.frame(offset, what, size, false);
  }

  /** Output for this attachment alone. */
  addressed(offset: number, what: string, size = SIZE): void {
    this.frame(offset, what, size, true);
  }

  private frame(offset: number, what: string, size: Size, addressed: boolean): void {
    const payload = bytes(what);
    const b = outputFrame(uuidBytes(SESSION), offset, size, payload.length, addressed ? this.address : null);
    b.set(payload, b.length - payload.length);
    this.events.binary(b);
  }

  /** The chunks of a snapshot, one frame each. */
  snapshot(id: number, offset: number, screen: string, total = 2, size = SIZE): (() => void)[] {
    const all = encodeSnapshot({ scrollback: `above ${screen}`, screen });
    const step = Math.ceil(all.length / total);
    return Array.from({ length: total }, (_, index) => () => {
      const chunk = { id, index, total, bytes: all.subarray(index * step, (index + 1) * step) };
      this.events.binary(snapshotFrame(uuidBytes(SESSION), offset, size, this.address, chunk));
    });
  }

  inputAck(position: number, gap = false): void {
    const { attachment, attempt } = this.address;
    this.events.binary(inputAckFrame(uuidBytes(SESSION), attachment, attempt, position, gap));
  }

  get acks() {
    return this.frames
      .filter((b) => frameType(b) === FRAME.ack)
      .map((b) => ({ attempt: frameAttempt(b), ...readAck(b) }));
  }

  get inputs() {
    return this.frames
      .filter((b) => frameType(b) === FRAME.input)
      .map((b) => ({ at: framePosition(b), text: text.decode(framePayload(b)), reply: frameFlags(b) === 1 }));
  }
}

/** A view that writes down what it is told; `slow` keeps its `done` until `consume`. */
export class NotedView implements View {
  readonly told: string[] = [];
  readonly states: AttachmentState[] = [];
  text = '';
  slow = false;
  lastStatus: SessionStatus | null = null;
  private dones: (() => void)[] = [];

  data(b: Uint8Array, done: () => void): void {
    this.text += text.decode(b);
    this.told.push(`data ${text.decode(b)}`);
    this.finish(done);
  }
  snapshot(p: Painting, done: () => void): void {
    this.told.push(`${p.repaint ? 'repaint' : 'paint'} ${p.scrollback} | ${p.screen}`);
    this.finish(done);
  }
  resized(size: Size): void {
    this.told.push(`size ${size.cols}x${size.rows}`);
  }
  state(state: AttachmentState): void {
    this.states.push(state);
  }
  status(status: SessionStatus): void {
    this.lastStatus = status;
  }
  historyLost(first: number, from: number): void {
    this.told.push(`lost ${from}..${first}`);
  }
  ended(exit: { exitCode: number | null }): void {
    this.told.push(`ended ${exit.exitCode}`);
  }
  refused(error: { code: string }): void {
    this.told.push(`refused ${error.code}`);
  }
  closed(error: { code: string }): void {
    this.told.push(`closed ${error.code}`);
  }
  inputRoom(): void {
    this.told.push('room');
  }
  /** The terminal has painted the `n` oldest writes. */
  consume(n = Number.POSITIVE_INFINITY): void {
    for (const done of this.dones.splice(0, n)) done();
  }
  private finish(done: () => void): void {
    if (this.slow) this.dones.push(done);
    else done();
  }
}

/** A client whose network is the test. */
export class HandNet {
  readonly clock = new VirtualClock();
  readonly sockets: HandSocket[] = [];
  readonly states: ConnectionState[] = [];
  readonly random: Random;
  readonly connection: Connection;

  constructor(options: Partial<ConnectionOptions> = {}, seed = 1) {
    this.random = seeded(seed);
    const ids = seeded(seed + 1);
    const dial: Dial = (url, events, opened) => {
      const socket = new HandSocket(url, events, opened);
      this.sockets.push(socket);
      return { cancel: () => socket.close(1000) };
    };
    this.connection = new Connection({
      url: 'ws://relay.test/ws/client',
      dial,
      clock: this.clock,
      random: this.random,
      newId: () => uuidFrom(() => Math.floor(ids() * 2 ** 32)),
      token: (done) => done('token'),
      ...options,
    });
    this.connection.listen({ state: (state) => this.states.push(state) });
  }

  /** The socket dialled last. */
  get socket(): HandSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('nothing was dialled');
    return socket;
  }

  get stateNames(): string[] {
    return this.states.map((s) => s.name);
  }

  /** Connected, with one attach under way. */
  attach(view: View, over: Partial<AttachOptions> = {}): Attachment {
    if (this.sockets.length === 0) {
      this.connection.start();
      this.socket.welcome();
    }
    return this.connection.attach({ machineId: MACHINE, sessionId: SESSION, view, ...over });
  }
}
