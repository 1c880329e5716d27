// Sockets in a browser.
import type { Dial, Socket, SocketEvents } from './socket.ts';

/** A browser tells nobody when its buffer has drained; this is how often we look, in milliseconds. */
const LOOK_EVERY_MS = 10;

class BrowserSocket implements Socket {
  events: SocketEvents;
  private readonly ws: WebSocket;

  constructor(ws: WebSocket, events: SocketEvents) {
    this.ws = ws;
    this.events = events;
    ws.onmessage = (event: MessageEvent) => {
      if (typeof event.data === 'string') this.events.text(event.data);
      else this.events.binary(new Uint8Array(event.data as ArrayBuffer));
    };
    ws.onclose = (event: { code: number; reason: string }) => this.events.close(event.code, event.reason);
  }

  get open(): boolean {
    return this.ws.readyState === 1;
  }

  get buffered(): number {
    return this.ws.bufferedAmount;
  }

  sendText(message: string): void {
    if (this.open) this.ws.send(message);
  }

  sendBinary(message: Uint8Array): void {
    if (this.open) this.ws.send(message as Uint8Array<ArrayBuffer>);
  }

  whenBelow(bytes: number, run: () => void): void {
    if (!this.open) return;
    if (this.ws.bufferedAmount <= bytes) run();
    else setTimeout(() => this.whenBelow(bytes, run), LOOK_EVERY_MS);
  }

  close(code: number, reason: string): void {
    // A page may only say 1000 or 3000 to 4999.
    this.ws.close(code === 1000 || code >= 3000 ? code : 1000, reason.slice(0, 120));
  }

  terminate(): void {
    const { events } = this;
    this.ws.onmessage = null;
    this.ws.onclose = null;
    this.ws.close();
    queueMicrotask(() => events.close(1006, 'terminated'));
  }
}

export const dialBrowser: Dial = (url, events, opened) => {
  const ws = new WebSocket(url);
  ws.binaryType = 'arraybuffer';
  let settled = false;
  ws.onopen = () => {
    if (settled) return;
    settled = true;
    opened(new BrowserSocket(ws, events));
  };
  ws.onclose = () => {
    if (settled) return;
    settled = true;
    events.close(1006, 'no connection');
  };
  return {
    cancel() {
      settled = true;
      ws.onopen = null;
      ws.onclose = null;
      ws.close();
    },
  };
};
