// Light agents of the bare relay: sockets that register, feed frames without a PTY, and dial again when they are cut.
import { randomInt } from 'node:crypto';
import { WebSocket } from 'ws';
import type { LightAgent, LightAgentDriver, LightAgentEvents } from '../../load/driver.ts';
import { frame, payloadOf } from './wire.ts';

export interface BareLightAgentOptions {
  /** WebSocket URLs of the pods, the first one preferred. */
  urls: string[];
}

/** Full jitter over this many milliseconds before each further attempt. */
const RETRY_MS = 1_000;

export const driver: LightAgentDriver<BareLightAgentOptions> = {
  connect: (options, index, events) => new BareLightAgent(options.urls, `light-${index}`, events),
};

class BareLightAgent implements LightAgent {
  private readonly urls: string[];
  private readonly machine: string;
  private readonly events: LightAgentEvents;
  private socket: WebSocket | undefined;
  private attempts = 0;
  private closed = false;
  private onInput: (bytes: Buffer) => void = () => undefined;

  constructor(urls: string[], machine: string, events: LightAgentEvents) {
    this.urls = urls;
    this.machine = machine;
    this.events = events;
    this.dial();
  }

  async session(onInput: (bytes: Buffer) => void) {
    this.onInput = onInput;
    const session = randomInt(2 ** 32);
    return {
      ref: { machine: this.machine, session },
      feed: (bytes: Buffer) => this.socket?.send(frame(0, session, bytes)),
    };
  }

  close(): void {
    this.closed = true;
    this.socket?.terminate();
  }

  private dial(): void {
    const url = this.urls[this.attempts++ % this.urls.length];
    const socket = new WebSocket(`${url}/agent?machine=${this.machine}`, { perMessageDeflate: false });
    this.socket = socket;
    let registered = false;
    socket.on('message', (message: Buffer, isBinary: boolean) => {
      if (isBinary) {
        this.onInput(payloadOf(message));
        return;
      }
      registered = true;
      this.events.registered();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.closed) return;
      if (registered) this.events.lost();
      setTimeout(() => this.dial(), Math.random() * RETRY_MS);
    });
  }
}
