// One connection of the agent to one pod: from dialling until it is closed. The link decides what it is used for.
import { CLOSE, LIMITS, type RelayToAgent } from '@hermit/protocol';
import { type Clock, type Dial, Liveness, type Socket, type Timer } from '@hermit/transport';

export interface ConnectionEvents {
  opened(c: RelayConnection): void;
  text(c: RelayConnection, message: string): void;
  binary(c: RelayConnection, frame: Uint8Array): void;
  /** Once; also when it never came to be. */
  closed(c: RelayConnection, code: number, reason: string): void;
}

export class RelayConnection {
  readonly epoch: number;
  socket: Socket | null = null;
  /** The pod has answered our introduction, either way. */
  answered = false;
  pod = '';
  draining = false;
  /** Runs when the fence of the handover in progress has passed this connection's pod (DRAIN-1). */
  fencePassed: ((epoch: number) => void) | null = null;
  private over = false;
  private liveness: Liveness | null = null;
  private readonly deadline: Timer;
  private readonly dialling: { cancel(): void };
  private readonly events: ConnectionEvents;

  constructor(url: string, epoch: number, dial: Dial, clock: Clock, events: ConnectionEvents) {
    this.epoch = epoch;
    this.events = events;
    const handlers = {
      text: (message: string) => {
        this.liveness?.heard();
        events.text(this, message);
      },
      binary: (frame: Uint8Array) => {
        this.liveness?.heard();
        events.binary(this, frame);
      },
      close: (code: number, reason: string) => this.end(code, reason),
    };
    this.deadline = clock.after(LIMITS.register, () => {
      if (this.answered) return;
      this.terminate();
    });
    this.dialling = dial(url, handlers, (socket) => {
      if (this.over) {
        socket.close(CLOSE.normal.code, 'not needed any more');
        return;
      }
      this.socket = socket;
      this.liveness = new Liveness(
        clock,
        () => socket.sendText('{"type":"ping"}'),
        () => this.terminate(),
      );
      events.opened(this);
    });
  }

  get open(): boolean {
    return !this.over && this.socket?.open === true;
  }

  handle(m: RelayToAgent): boolean {
    if (m.type === 'ping') this.socket?.sendText('{"type":"pong"}');
    else if (m.type !== 'pong') return false;
    return true;
  }

  /** Orderly; what was sent before arrives. Reported as closed at once. */
  close(): void {
    const { socket } = this;
    this.end(CLOSE.normal.code, 'left');
    if (socket) socket.close(CLOSE.normal.code, 'left');
    else this.dialling.cancel();
  }

  private terminate(): void {
    const { socket } = this;
    this.end(1006, 'no answer');
    if (socket) socket.terminate();
    else this.dialling.cancel();
  }

  private end(code: number, reason: string): void {
    if (this.over) return;
    this.over = true;
    this.deadline.cancel();
    this.liveness?.stop();
    this.events.closed(this, code, reason);
  }
}
