// The way from an agent or a viewer to the pods: a TCP proxy that balances as an ingress does, and breaks as networks do.
import type { Socket } from 'node:net';
import { TcpProxy } from '../../services/tcp-proxy.ts';

export type Conditions = {
  /** Each way; milliseconds. */
  delayMs?: number;
  /** Towards the dialler; bytes in a second. */
  bytesPerSecond?: number;
};

/** Throttled bytes leave in steps of this many milliseconds. */
const STEP = 5;
/** What the path itself buffers before it stops reading; bytes. */
const BUFFER = 16 * 1024;

export class NetworkPath extends TcpProxy {
  conditions: Conditions;
  private refusing = false;

  /** `targets`: ports that take connections now, in order of preference. */
  private constructor(targets: () => readonly number[], conditions: Conditions) {
    super(() => (this.refusing ? undefined : targets()[0]));
    this.conditions = conditions;
  }

  static async along(targets: () => readonly number[], conditions: Conditions = {}): Promise<NetworkPath> {
    const path = new NetworkPath(targets, conditions);
    await path.listen();
    return path;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  protected override carry(near: Socket, far: Socket): void {
    carry(near, far, () => ({ delayMs: this.conditions.delayMs ?? 0, bytesPerSecond: Number.POSITIVE_INFINITY }));
    carry(far, near, () => ({
      delayMs: this.conditions.delayMs ?? 0,
      bytesPerSecond: this.conditions.bytesPerSecond ?? Number.POSITIVE_INFINITY,
    }));
  }

  protected override drop(socket: Socket): void {
    socket.resetAndDestroy();
  }

  /** No network: nothing is carried, and nothing new is accepted, until `online`. */
  offline(): void {
    this.refusing = true;
    this.cut();
  }

  online(): void {
    this.refusing = false;
  }
}

/** Carries bytes from one socket to another, later and slower, with a bounded buffer. */
function carry(from: Socket, to: Socket, conditions: () => Required<Conditions>): void {
  let credit = 0;
  let held = 0;
  let queue: { bytes: Buffer; at: number }[] = [];
  let timer: NodeJS.Timeout | null = null;

  const pump = () => {
    timer = null;
    const { bytesPerSecond } = conditions();
    credit = Math.min(credit + (bytesPerSecond * STEP) / 1000, Math.max(1_500, (bytesPerSecond * STEP) / 500));
    const now = performance.now();
    while (queue.length > 0 && (queue[0]?.at ?? 0) <= now && credit >= 1) {
      const [first] = queue as [{ bytes: Buffer; at: number }];
      const part = first.bytes.subarray(0, Math.min(first.bytes.length, Math.floor(Math.min(credit, 1e9))));
      to.write(part);
      credit -= part.length;
      held -= part.length;
      if (part.length === first.bytes.length) queue.shift();
      else queue = [{ bytes: first.bytes.subarray(part.length), at: first.at }, ...queue.slice(1)];
    }
    if (held < BUFFER && from.isPaused()) from.resume();
    if (queue.length > 0) timer = setTimeout(pump, STEP);
  };

  from.on('data', (bytes: Buffer) => {
    const { delayMs, bytesPerSecond } = conditions();
    if (delayMs === 0 && bytesPerSecond === Number.POSITIVE_INFINITY && queue.length === 0) {
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
      return;
    }
    queue.push({ bytes, at: performance.now() + delayMs });
    held += bytes.length;
    // What is in flight on a long line is no buffer: it is bounded by the delay.
    if (bytesPerSecond !== Number.POSITIVE_INFINITY && held >= BUFFER + (bytesPerSecond * delayMs) / 1000) from.pause();
    timer ??= setTimeout(pump, Math.min(STEP, delayMs));
  });
  from.on('close', () => {
    if (timer) clearTimeout(timer);
  });
}
