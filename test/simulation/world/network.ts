// Simulated sockets: ordered, with latency and bandwidth; they break as real ones do. After `cut` both ends find out
// by their own liveness alone; after `reset` at once, and what is in flight is lost.
import {
  FRAME,
  frameAttachment,
  frameAttempt,
  framePayloadLength,
  framePosition,
  frameType,
  snapshotIndex,
  snapshotTotal,
} from '@hermit/protocol';
import type { Socket, SocketEvents } from '@hermit/transport';
import type { Process, World } from './world.ts';

const SILENT: SocketEvents = { text() {}, binary() {}, close() {} };

class End implements Socket {
  events: SocketEvents = SILENT;
  open = true;
  buffered = 0;
  /** When the last message to this end arrives, and when the last from it has left. */
  arrives = 0;
  leaves = 0;
  peer!: End;
  readonly process: Process;
  readonly life: number;
  private readonly wire: Wire;
  private waiting: { bytes: number; run: () => void }[] = [];

  constructor(wire: Wire, process: Process) {
    this.wire = wire;
    this.process = process;
    this.life = process.life;
  }

  sendText(message: string): void {
    this.wire.world.log(() => `${this.process.name} > ${this.peer.process.name} ${message.slice(0, 400)}`);
    this.send(message.length, () => this.peer.events.text(message));
  }

  sendBinary(message: Uint8Array): void {
    this.wire.world.log(() => `${this.process.name} > ${this.peer.process.name} ${described(message)}`);
    this.send(message.length, () => this.peer.events.binary(message));
  }

  private send(length: number, arrive: () => void): void {
    if (!this.open) return;
    const { world, wire } = { world: this.wire.world, wire: this.wire };
    this.buffered += length;
    this.leaves = Math.max(this.leaves, world.now) + length / wire.bandwidth;
    const { peer } = this;
    const arrival = Math.max(peer.arrives, this.leaves + world.int(1, wire.latency));
    peer.arrives = arrival;
    world.atTime(this.leaves, () => this.left(length));
    world.atTime(arrival, () => {
      if (!wire.connected) return;
      peer.process.deliver(peer.life, () => {
        if (peer.open) arrive();
      });
    });
  }

  private left(length: number): void {
    if (!this.wire.connected) return; // nothing drains into a cut wire
    this.buffered -= length;
    const due = this.waiting.filter((w) => this.buffered <= w.bytes);
    this.waiting = this.waiting.filter((w) => this.buffered > w.bytes);
    for (const w of due)
      this.process.deliver(this.life, () => {
        if (this.open) w.run();
      });
  }

  whenBelow(bytes: number, run: () => void): void {
    if (this.buffered > bytes) this.waiting.push({ bytes, run });
    else
      this.wire.world.at(0, () =>
        this.process.deliver(this.life, () => {
          if (this.open) run();
        }),
      );
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    this.shut(code, reason, 0);
    if (this.wire.connected) this.peer.shutAfterwards(code, reason);
  }

  terminate(): void {
    if (!this.open) return;
    this.shut(1006, 'terminated', 0);
    if (this.wire.connected) this.peer.shutAfterwards(1006, 'reset');
  }

  /** Seen after everything that was sent before. */
  shutAfterwards(code: number, reason: string): void {
    const { world } = this.wire;
    this.arrives = Math.max(this.arrives, world.now + world.int(1, this.wire.latency));
    this.shut(code, reason, this.arrives);
  }

  /** `when`: at that time; 0: now. */
  shut(code: number, reason: string, when: number): void {
    const close = () => {
      if (!this.open) return;
      this.open = false;
      this.events.close(code, reason);
    };
    if (when === 0) {
      this.open = false;
      this.wire.world.at(0, () => this.process.deliver(this.life, () => this.events.close(code, reason)));
    } else this.wire.world.atTime(when, () => this.process.deliver(this.life, close));
  }
}

/** A frame in a trace. */
function described(b: Uint8Array): string {
  const type = frameType(b);
  const name = Object.entries(FRAME).find(([, t]) => t === type)?.[0] ?? 'bad frame';
  const chunk = type === FRAME.snapshot ? ` chunk ${snapshotIndex(b)}/${snapshotTotal(b)}` : '';
  const address = type === FRAME.output ? '' : ` for ${frameAttachment(b).slice(0, 8)}/${frameAttempt(b)}`;
  return `${name}${address} at ${framePosition(b)}+${framePayloadLength(b)}${chunk}`;
}

/** One connection between two processes. */
export class Wire {
  connected = true;
  readonly world: World;
  readonly latency: number;
  /** Bytes in a millisecond. */
  bandwidth: number;
  readonly ends: [End, End];

  constructor(world: World, server: Process, dialler: Process, bandwidth: number) {
    this.world = world;
    this.latency = world.int(1, 15);
    this.bandwidth = bandwidth;
    const a = new End(this, server);
    const b = new End(this, dialler);
    a.peer = b;
    b.peer = a;
    this.ends = [a, b];
  }

  get server(): Socket {
    return this.ends[0];
  }
  get dialler(): Socket {
    return this.ends[1];
  }

  /** Nothing passes any more, and nobody is told. */
  cut(): void {
    this.connected = false;
  }

  /** Something in between resets the connection. */
  reset(): void {
    if (!this.connected) return;
    this.connected = false;
    for (const end of this.ends) end.shut(1006, 'reset', this.world.now + this.world.int(1, 20));
  }

  /** One of its processes has died: the kernel tells the other. */
  died(dead: Process): void {
    if (!this.connected) return;
    this.connected = false;
    for (const end of this.ends) {
      if (end.process === dead) end.open = false;
      else end.shut(1006, 'reset', this.world.now + this.world.int(1, 20));
    }
  }
}
