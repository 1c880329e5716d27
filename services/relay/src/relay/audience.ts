// Everybody on this pod who looks at one session: subscribed to its channel while its agent is elsewhere.
import { FRAME, type FrameType, frameType, LIMITS, parserOf, SessionMessage } from '@hermit/protocol';
import type { Timer } from '@hermit/transport';
import type { Echoes } from './echoes.ts';
import type { Surroundings } from './pod-parts.ts';
import type { Viewer } from './viewer.ts';

/** A tip is asked for so often at the pace of tips, and then ever more slowly, down to once in this time (INT-1). */
const TIP_TRIES = 8;
const TIP_SLOWEST = 30_000;

const NOBODY: readonly (() => void)[] = [];

const parse = parserOf(SessionMessage);

export interface AudienceHost extends Pick<Surroundings, 'bus' | 'names' | 'clock' | 'random' | 'counters'> {
  readonly echoes: Echoes;
  readonly machines: { send(machineId: string, message: string): void };
}

export class Audience {
  /** Replaced by each change, so that whoever goes through them may change them. */
  viewers: readonly Viewer[] = [];
  private readonly pod: AudienceHost;
  private readonly machineId: string;
  private readonly sessionId: string;
  private subscribed = false;
  private confirmed = false;
  private waiting: readonly (() => void)[] = NOBODY;
  private tipTimer: Timer | null = null;

  constructor(pod: AudienceHost, machineId: string, sessionId: string) {
    this.pod = pod;
    this.machineId = machineId;
    this.sessionId = sessionId;
  }

  private get channel(): string {
    return this.pod.names.sessionChannel(this.machineId, this.sessionId);
  }

  // ---- Subscription

  /** INT-1: `then` runs once the subscription stands. */
  subscribe(then: () => void): void {
    if (this.confirmed) {
      then();
      return;
    }
    this.waiting = [...this.waiting, then];
    if (this.subscribed) return;
    this.subscribed = true;
    this.pod.bus.subscribe(
      this.channel,
      (message) => this.fromBus(message),
      () => {
        this.confirmed = true;
        const due = this.waiting;
        this.waiting = NOBODY;
        for (const run of due) run();
      },
    );
  }

  /** The agent is on this pod: its frames come without the bus. */
  unsubscribe(): void {
    if (!this.subscribed) return;
    this.subscribed = false;
    this.confirmed = false;
    this.pod.bus.unsubscribe(this.channel);
    const due = this.waiting;
    this.waiting = NOBODY;
    for (const run of due) run();
  }

  close(): void {
    this.tipTimer?.cancel();
    // A handover may wait for it among others, whether anybody is left here or not.
    this.unsubscribe();
  }

  // ---- Delivery

  private fromBus(message: Buffer): void {
    const { counters } = this.pod;
    counters.received++;
    counters.receivedBytes += message.length;
    const type = frameType(message);
    if (type !== 0) {
      for (const viewer of this.viewers) {
        const bytes = viewer.frame(type, message);
        if (bytes === 0) continue;
        counters.framesRemote++;
        counters.bytesRemote += bytes;
        if (viewer.typedAt !== 0 && type === FRAME.output) this.pod.echoes.echoed(viewer, false);
      }
      return;
    }
    let m: SessionMessage;
    try {
      m = parse(message.toString('utf8'));
    } catch {
      counters.badMessages++;
      return;
    }
    this.message(m);
  }

  /** From the agent on this pod. */
  frame(type: FrameType, frame: Uint8Array): void {
    const { counters } = this.pod;
    for (const viewer of this.viewers) {
      const bytes = viewer.frame(type, frame);
      if (bytes === 0) continue;
      counters.framesLocal++;
      counters.bytesLocal += bytes;
      if (viewer.typedAt !== 0 && type === FRAME.output) this.pod.echoes.echoed(viewer, true);
    }
  }

  message(m: SessionMessage): void {
    if (m.type === 'tip') {
      this.tipTimer?.cancel();
      this.tipTimer = null;
    }
    for (const viewer of this.viewers) viewer.message(m);
  }

  /** Asks for the tip until it is answered: the machine may be away for long, and come back to any pod. */
  askTip(tries = 0): void {
    this.tipTimer?.cancel();
    this.tipTimer = null;
    if (this.viewers.length === 0) return;
    const { clock, random } = this.pod;
    const { machineId, sessionId } = this;
    const wait = Math.min(TIP_SLOWEST, LIMITS.tipEvery * 2 ** Math.max(0, tries - TIP_TRIES));
    this.tipTimer = clock.after(wait * (0.9 + 0.2 * random()), () => this.askTip(tries + 1));
    this.pod.machines.send(machineId, JSON.stringify({ type: 'tip_request', sessionId }));
  }
}
