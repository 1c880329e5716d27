// Sockets in Node, over `ws`: dialled by agents and the command line, accepted by relays.
import type { Socket as TcpSocket } from 'node:net';
import type { Writable } from 'node:stream';
import { LIMITS } from '@hermit/protocol';
import { WebSocket } from 'ws';
import { type Dial, OVERFLOW, type Socket, type SocketEvents } from './socket.ts';

/** How long an orderly close waits for the other side. */
const CLOSE_WAIT_MS = 2_000;

/** Where a `ws` socket keeps its wrapper: listeners that all sockets share find it there. */
const WRAPPER = Symbol('hermit');
type Wrapped = WebSocket & { [WRAPPER]: WsSocket };
/** What `ws` keeps to itself. */
type Inside = { _socket: TcpSocket; _receiver: Receiver; _sender: Extended } & Extended;
type Extended = { _extensions: object };
type Receiver = Writable &
  Extended & {
    _maxPayload: number;
    _maxBufferedChunks: number;
    _bufferedBytes: number;
    _writableState: { onwrite: () => void };
  };

/** Whose message is being handled, and whether it is the last of those that came together. */
let reading: Receiver | null = null;
let isLast = false;
/** Pings and pongs that came with it. */
let controls = 0;
/** Nobody has cause to send so many at once; six bytes each, and most of a pod's time. */
const CONTROLS_AT_ONCE = 64;

/**
 * In place of a receiver's `write`. It is a stream in which nothing ever waits: each message is handed on as soon as it has
 * been read. For a keystroke the ways of a stream are longer than the reading.
 */
function read(this: Receiver, chunk: Buffer): boolean {
  if (this.destroyed) return true;
  const before = reading;
  reading = this;
  controls = 0;
  this._write(chunk, 'buffer' as BufferEncoding, wasRead);
  reading = before;
  return true;
}

/** What all receivers have in common once they read so: a method of its own would cost each of them memory. */
let reader: object | null = null;
function readsAtOnce(receiver: Receiver): void {
  reader ??= Object.create(Object.getPrototypeOf(receiver), { write: { value: read } }) as object;
  Object.setPrototypeOf(receiver, reader);
}

function wasRead(error?: Error | null): void {
  if (error) reading?.destroy(error);
}

/** No extension is ever agreed on. */
const NO_EXTENSIONS = Object.freeze({});
/** Of a stream through which nothing is written. */
const NEVER = () => {};

/** What each socket has of its own although it is the same for all: a few hundred bytes of thousands of idle ones. */
function shareWhatIsAlike(ws: WebSocket): void {
  const inside = ws as unknown as Inside;
  const { _receiver: receiver, _sender: sender } = inside;
  for (const part of [inside, receiver, sender]) part._extensions = NO_EXTENSIONS;
  receiver._writableState.onwrite = NEVER;
}

function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  const { events } = (this as Wrapped)[WRAPPER];
  const { _receiver: receiver } = this as unknown as Inside;
  isLast = receiver._bufferedBytes === 0;
  if (isBinary) events.binary(data as Buffer);
  else events.text((data as Buffer).toString('utf8'));
  isLast = false;
  // What came with it is to leave with it.
  if (receiver._bufferedBytes === 0) uncork();
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  const socket = (this as Wrapped)[WRAPPER];
  socket.waiting = NOBODY;
  socket.events.close(code, socket.overflowed ? OVERFLOW : reason.toString('utf8'));
}

function onError(): void {
  // `close` follows every error; there is nothing to add here.
}

function onPing(this: WebSocket, data: unknown): void {
  // Whoever does not read what he is sent is sent no more of it.
  if (this.readyState !== WebSocket.OPEN || this.bufferedAmount > LITTLE) return;
  gather((this as unknown as Inside)._socket);
  this.pong(data as Buffer);
}

/**
 * What a server is to make of its connections. Its own answers to pings need a closure for each; a listener in their place
 * would take as much.
 */
class AcceptedWebSocket extends WebSocket {
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    if ((event === 'ping' || event === 'pong') && ++controls > CONTROLS_AT_ONCE) this.terminate();
    else if (event === 'ping') onPing.call(this, first);
    return super.emit(event, first, second);
  }
}
/**
 * Pieces in which a message may come; each takes half a KiB, be it of one byte. Of somebody who has not been allowed more, and
 * of others: the largest message still comes in segments of 512 bytes.
 */
export const STRANGERS_PIECES = 256;
const PIECES = LIMITS.messageHard / 512;
/** Options of such a server; without types, since those of the plug-in that takes them want all of `ws`. */
export const ACCEPTED: object = {
  WebSocket: AcceptedWebSocket,
  autoPong: false,
  maxBufferedChunks: STRANGERS_PIECES,
};

type Waiting = { bytes: number; run: () => void };
const NOBODY: readonly Waiting[] = [];

/**
 * As long as no more than this waits in a socket, in characters or bytes, nobody has to be told that it has left: nothing
 * is kept for that, and most sockets never have more to send. Whoever waits for room waits for no less than its bytes.
 */
const LITTLE = 4 * 1024;
const LEAST = 3 * LITTLE;

/** Of a final frame of bytes (RFC 6455, 5.2), and that it is masked. */
const BINARY = 0x82;
const MASKED = 0x80;
/** The longest payload whose length is in the second byte, and what stands there when the length is in the next two. */
const SHORT = 125;
const LENGTH_FOLLOWS = 126;

/**
 * A WebSocket frame in one piece. A header and a payload of their own, as `ws` sends them, are two writes to be joined
 * again, which for a keystroke costs more than all else that is done with it here. Zero masks: see `dialWs`.
 */
function framed(message: Uint8Array, masked: boolean): Buffer {
  const { length } = message;
  const key = length <= SHORT ? 2 : 4;
  const at = masked ? key + 4 : key;
  const b = Buffer.allocUnsafe(at + length);
  b[0] = BINARY;
  b[1] = (masked ? MASKED : 0) | (length <= SHORT ? length : LENGTH_FOLLOWS);
  if (length > SHORT) {
    b[2] = length >>> 8;
    b[3] = length & 255;
  }
  if (masked) b.fill(0, key, at);
  b.set(message, at);
  return b;
}

class WsSocket implements Socket {
  events: SocketEvents;
  waiting: readonly Waiting[] = NOBODY;
  overflowed = false;
  private readonly ws: WebSocket;
  private readonly bound: number;
  private readonly masked: boolean;
  private onSent: (() => void) | undefined;

  constructor(ws: WebSocket, events: SocketEvents, masked: boolean, bound = Number.POSITIVE_INFINITY) {
    this.ws = ws;
    this.bound = bound;
    this.masked = masked;
    this.events = events;
    (ws as Wrapped)[WRAPPER] = this;
    readsAtOnce((ws as unknown as Inside)._receiver);
    shareWhatIsAlike(ws);
    ws.on('message', onMessage);
    ws.on('error', onError);
    ws.on('close', onClose);
  }

  get open(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  get buffered(): number {
    return this.ws.bufferedAmount;
  }

  sendText(message: string): void {
    this.send(message);
  }

  sendBinary(message: Uint8Array, taken?: () => void): void {
    this.send(message, taken);
  }

  /** What one callback of the event loop sends goes out in one write. */
  private send(message: string | Uint8Array, taken?: () => void): void {
    const { ws } = this;
    if (ws.readyState !== WebSocket.OPEN) return;
    const buffered = ws.bufferedAmount;
    if (buffered > this.bound) {
      this.overflowed = true;
      ws.terminate();
      return;
    }
    const { _socket: socket } = ws as unknown as Inside;
    const little = buffered + message.length <= LITTLE;
    // Nothing else comes to go with it: whoever waits for it has it before we have done our accounts.
    const atOnce = isLast && little && typeof message !== 'string' && socket.writableCorked === 0;
    if (!atOnce) gather(socket);
    if (!little) {
      this.onSent ??= () => this.sent();
      ws.send(message, taken ? () => this.sent(taken) : this.onSent);
    } else if (typeof message === 'string') ws.send(message);
    else {
      socket.write(framed(message, this.masked));
      taken?.();
    }
  }

  flush(): void {
    uncork();
  }

  whenBelow(bytes: number, run: () => void): void {
    const least = Math.max(bytes, LEAST);
    if (this.ws.bufferedAmount <= least) queueMicrotask(() => this.open && run());
    else this.waiting = [...this.waiting, { bytes: least, run }];
  }

  private sent(taken?: () => void): void {
    taken?.();
    if (this.waiting.length === 0 || !this.open) return;
    const buffered = this.ws.bufferedAmount;
    const due = this.waiting.filter((w) => buffered <= w.bytes);
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((w) => buffered > w.bytes);
    for (const w of due) w.run();
  }

  allow(messageBytes: number): void {
    // `ws` has one size for all sockets of a server, and reads it anew with each frame.
    const { _receiver: receiver } = this.ws as unknown as Inside;
    receiver._maxPayload = messageBytes;
    receiver._maxBufferedChunks = PIECES;
  }

  close(code: number, reason: string): void {
    this.ws.close(code, reason.slice(0, 120));
    const timer = setTimeout(() => this.ws.terminate(), CLOSE_WAIT_MS);
    timer.unref();
    this.ws.once('close', () => clearTimeout(timer));
  }

  terminate(): void {
    this.ws.terminate();
  }
}

/** Sockets that gather what they are sent. */
const corked: TcpSocket[] = [];

/** What is written to `socket` in one callback of the event loop goes out in one write. */
export function gather(socket: TcpSocket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (corked.push(socket) === 1) process.nextTick(uncork);
}

function uncork(): void {
  for (const socket of corked) socket.uncork();
  corked.length = 0;
}

/** Wraps an open `ws` socket of a server. `bound`: bytes that may wait in it; with more it is cut (OVERFLOW). */
export function socketOf(ws: WebSocket, events: SocketEvents, bound?: number): Socket {
  return new WsSocket(ws, events, false, bound);
}

export type DialOptions = { headers?: Record<string, string>; timeoutMs?: number; origin?: string };

/** A dialler over `ws`. Its frames carry a zero mask: masking protects intermediaries from scripts of a web page,
 * and there is none here; it spares a copy of every byte. */
export function dialWs(options: DialOptions = {}): Dial {
  return (url, events, opened) => {
    const ws = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: LIMITS.message * 4,
      handshakeTimeout: options.timeoutMs ?? 10_000,
      headers: options.headers ?? {},
      skipUTF8Validation: true,
      generateMask: (mask: Buffer) => mask.fill(0),
      ...(options.origin ? { origin: options.origin } : {}),
    });
    let settled = false;
    const fail = (reason: string) => {
      if (settled) return;
      settled = true;
      events.close(1006, reason);
    };
    ws.once('open', () => {
      if (settled) return;
      settled = true;
      ws.removeAllListeners('error');
      ws.removeAllListeners('unexpected-response');
      opened(new WsSocket(ws, events, true));
    });
    ws.once('error', (error) => fail(error.message));
    ws.once('unexpected-response', (request, response) => {
      request.destroy();
      fail(`HTTP ${response.statusCode}`);
    });
    return {
      cancel() {
        settled = true;
        ws.on('error', () => {
          // A handshake that was given up reports itself as an error.
        });
        ws.terminate();
      },
    };
  };
}
