// One connection to one Redis server that only publishes: at most once, in order, without a copy of large messages.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '@hermit/transport';
import { gather } from '@hermit/transport/node';
import type { Command, Redis } from 'ioredis';
import { hangUp } from '../redis/redis-connection.ts';
import type { Published } from './bus.ts';

type PublishCommandName = 'publish' | 'spublish';

/** Bytes that may wait for the server's answer before more is dropped. */
const UNANSWERED_BOUND = 16 * 1024 * 1024;
/** Up to here one copy is cheaper than two more pieces in the write. */
const JOINED = 4 * 1024;
const CRLF = Buffer.from('\r\n');

/**
 * The connection must have neither an offline queue nor resending, and `maxRetriesPerRequest: 0`: then ioredis answers
 * every command exactly once, at the latest when the connection is lost.
 */
export class RedisPublisher {
  readonly redis: Redis;
  private readonly command: PublishCommandName;
  private readonly clock: Clock;
  private unanswered = 0;
  /** When the server last answered, or was first asked after it had answered everything (monotonic). */
  private heardAt = 0;
  private readonly watch: Timer;

  /** `silence`: a server that owes an answer and says nothing for this long is left; milliseconds. */
  constructor(redis: Redis, command: PublishCommandName, clock: Clock, silence: number) {
    this.redis = redis;
    this.command = command;
    this.clock = clock;
    // ioredis's own watch costs a timer and a listener for every publish that finds the connection idle. It is needed
    // until the server has greeted.
    redis.on('ready', () => {
      delete redis.options.socketTimeout;
    });
    redis.on('close', () => {
      redis.options.socketTimeout = silence;
    });
    this.watch = clock.every(silence / 4, () => {
      if (this.unanswered > 0 && clock.monotonic() - this.heardAt > silence) this.rebuild();
    });
  }

  get ready(): boolean {
    return this.redis.status === 'ready';
  }

  get publishing(): boolean {
    return this.redis.status === 'ready' && this.unanswered < UNANSWERED_BOUND;
  }

  /** `failed` hears why there is no count; `done` hears null as well. Neither runs inside the call. */
  publish(channel: string, message: Uint8Array | string, done?: Published, failed?: (error: Error) => void): void {
    const bytes = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
    const atOnce = this.unanswered === 0;
    if (atOnce) this.heardAt = this.clock.monotonic();
    this.unanswered += bytes;
    const settle = (receivers: number | null, error?: Error) => {
      this.unanswered -= bytes;
      this.heardAt = this.clock.monotonic();
      if (error) failed?.(error);
      done?.(receivers);
    };
    const publication = new Publication(this.command, channel, message, bytes, settle, atOnce);
    // Documented as taking ioredis's Command: this has the parts of one that the connection uses, without the promise.
    void this.redis.sendCommand(publication as unknown as Command);
  }

  /** Drops the connection, and what waits on it; ioredis dials again. */
  rebuild(): void {
    if (this.ready) this.redis.disconnect(true);
  }

  close(): void {
    this.watch.cancel();
    hangUp(this.redis);
  }
}

/**
 * A PUBLISH as the connection sees a command. ioredis's own copies the message twice when it pipelines, and makes
 * several promises for each; this one writes into the corked socket, which goes out once per turn of the event loop; or
 * as soon as its callback ends, when the server has answered all before: then somebody types, and nothing is gained.
 */
class Publication {
  readonly name: PublishCommandName;
  readonly args: readonly unknown[];
  readonly promise = undefined;
  /** Tracing would wrap the promise that is not there. */
  readonly isTraced = true;
  private readonly bytes: number;
  private readonly settle: (receivers: number | null, error?: Error) => void;
  private readonly atOnce: boolean;

  constructor(
    name: PublishCommandName,
    channel: string,
    message: Uint8Array | string,
    bytes: number,
    settle: (receivers: number | null, error?: Error) => void,
    atOnce: boolean,
  ) {
    this.name = name;
    this.args = [channel, message];
    this.bytes = bytes;
    this.settle = settle;
    this.atOnce = atOnce;
  }

  setReplyContext(): void {}

  /** Called by the connection to send; what is returned goes out last. */
  toWritable(socket: Socket): string | Buffer {
    if (socket.writableCorked === 0) {
      if (this.atOnce) gather(socket);
      else {
        socket.cork();
        setImmediate(uncork, socket);
      }
    }
    const [channel, message] = this.args as [string, Uint8Array | string];
    const { name, bytes } = this;
    const head = `*3\r\n$${name.length}\r\n${name}\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$${bytes}\r\n`;
    if (typeof message === 'string') return `${head}${message}\r\n`;
    if (bytes <= JOINED) {
      const at = Buffer.byteLength(head);
      const whole = Buffer.allocUnsafe(at + bytes + 2);
      whole.write(head, 0);
      whole.set(message, at);
      whole.set(CRLF, at + bytes);
      return whole;
    }
    socket.write(head);
    socket.write(message);
    return CRLF;
  }

  resolve(receivers: unknown): void {
    this.settle(Number(receivers));
  }

  /** Also called inside `sendCommand`, when there is nothing to write to. */
  reject(error: Error): void {
    queueMicrotask(() => this.settle(null, error));
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}
