// A WebSocket by hand, byte by byte: it answers nothing that it was not told to answer, a close least of all.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../kit/wait.ts';

/** One frame, with the mask that the side of a client has to have. */
export function masked(opcode: number, payload: Buffer, fin = true): Buffer {
  return Buffer.concat([headerOf(opcode, payload.length, fin), payload]);
}

function headerOf(opcode: number, length: number, fin = true): Buffer {
  const header = Buffer.alloc(length < 126 ? 2 : 4);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = 0x80 | Math.min(length, 126);
  if (length >= 126) header.writeUInt16BE(length, 2);
  return Buffer.concat([header, Buffer.alloc(4)]);
}

export class RawSocket implements Disposable {
  ended = false;
  private readonly socket: Socket;
  private said: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.said = Buffer.concat([this.said, data]);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
    });
  }

  /** Resolves once the upgrade was answered. */
  static async open(url: string): Promise<RawSocket> {
    const { hostname, port, pathname } = new URL(url);
    const raw = new RawSocket(connect(Number(port), hostname));
    await once(raw.socket, 'connect');
    const key = randomBytes(16).toString('base64');
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    raw.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${upgrade}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await until('the upgrade', () => raw.said.includes('\r\n\r\n'));
    if (!raw.said.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(raw.said.toString('latin1'));
    raw.said = raw.said.subarray(raw.said.indexOf('\r\n\r\n') + 4);
    return raw;
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  text(message: object): void {
    this.write(masked(0x1, Buffer.from(JSON.stringify(message))));
  }

  binary(frame: Uint8Array): void {
    this.write(masked(0x2, Buffer.from(frame)));
  }

  /** The beginning of a message of this length (below 64 KiB), and nothing of it. */
  header(opcode: number, length: number): void {
    this.write(headerOf(opcode, length));
  }

  /** Reads nothing any more. */
  pause(): void {
    this.socket.pause();
  }

  /** Text messages so far. */
  get messages(): { type: string }[] {
    return [...this.frames()].flatMap(([opcode, payload]) => (opcode === 1 ? [JSON.parse(payload.toString())] : []));
  }

  /** Of a close frame that has come. */
  get closeCode(): number | undefined {
    for (const [opcode, payload] of this.frames()) if (opcode === 8) return payload.readUInt16BE(0);
    return undefined;
  }

  private *frames(): Generator<[opcode: number, payload: Buffer]> {
    const { said } = this;
    for (let at = 0; at + 2 <= said.length; ) {
      const short = (said[at + 1] as number) & 0x7f;
      const from = at + (short < 126 ? 2 : 4);
      const length = short < 126 ? short : said.readUInt16BE(at + 2);
      if (from + length > said.length) return;
      yield [(said[at] as number) & 0xf, said.subarray(from, from + length)];
      at = from + length;
    }
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}
