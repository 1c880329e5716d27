// Load whose every byte is known: one who types, and one who watches a flood. Both compare as they go, and keep the time.
import type { Attachment, HermitClient, View } from '@hermit/client';
import { until } from './wait.ts';

/** Milliseconds. What a person at a terminal calls a stall. */
const STALL = 250;
const TYPE_EVERY = 50;

type Quality = { bytes: number; worstMs: number; stalls: number[]; reattached: number };

abstract class Load {
  readonly trouble: string[] = [];
  protected attachment: Attachment | undefined;
  protected bytes = 0;
  private worst = 0;
  private stalls: number[] = [];

  protected waited(ms: number): void {
    this.worst = Math.max(this.worst, ms);
    if (ms > STALL) this.stalls.push(Math.round(ms));
  }

  protected abstract received(text: string): void;
  protected wrong(what: string): void {
    if (this.trouble.length < 5) this.trouble.push(what);
  }

  protected async open(client: HermitClient, machineId: string, script: string, name: string): Promise<void> {
    const session = await client.createSession(machineId, {
      name,
      command: '/bin/sh',
      args: ['-c', script],
      cols: 80,
      rows: 24,
    });
    this.attachment = client.attach({ machineId, sessionId: session.id, view: this.view(), mode: 'stream', from: 0 });
  }

  private view(): View {
    return {
      data: (bytes, done) => {
        this.bytes += bytes.length;
        this.received(Buffer.from(bytes).toString('latin1'));
        done();
      },
      snapshot: (_painting, done) => {
        this.wrong('a snapshot came instead of bytes');
        done();
      },
      historyLost: (first, from) => this.wrong(`bytes ${from} to ${first} are lost`),
      refused: (error) => this.wrong(`refused: ${error.code} ${error.message}`),
      closed: (error) => this.wrong(`closed: ${error.code} ${error.message}`),
      resized() {},
      state() {},
      status() {},
      ended() {},
    };
  }

  /** How it went since the last time this was asked. */
  quality(): Quality {
    const { bytes, worst, stalls, attachment } = this;
    this.worst = 0;
    this.stalls = [];
    return { bytes, worstMs: Math.round(worst), stalls, reattached: attachment?.reattached ?? 0 };
  }
}

/** What a short script prints, to its end. */
export async function outputOf(client: HermitClient, machineId: string, script: string): Promise<string> {
  const session = await client.createSession(machineId, {
    command: '/bin/sh',
    args: ['-c', script],
    cols: 80,
    rows: 24,
  });
  let output = '';
  let over = false;
  const view: View = {
    data: (bytes, done) => {
      output += Buffer.from(bytes).toString('utf8');
      done();
    },
    snapshot: (_painting, done) => done(),
    ended: () => {
      over = true;
    },
    historyLost() {},
    refused() {},
    closed() {},
    resized() {},
    state() {},
    status() {},
  };
  client.attach({ machineId, sessionId: session.id, view, mode: 'stream', from: 0 });
  await until(`the end of ${script}`, async () => over, { seconds: 30, everyMs: 50 });
  return output;
}

/** Types twenty times a second at a program that gives back each key once. */
export class Typist extends Load {
  private typed = '';
  private echoed = 0;
  private count = 0;
  /** When each token was typed, and where it ends. */
  private readonly due: { end: number; at: number }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private ready = false;

  async start(client: HermitClient, machineId: string): Promise<void> {
    await this.open(client, machineId, "stty raw -echo; printf '!'; exec cat", 'typist');
    await until('the program of the typist runs', async () => this.ready, { seconds: 60, everyMs: 50 });
    this.timer = setInterval(() => this.type(), TYPE_EVERY);
  }

  private type(): void {
    const token = `${(this.count + 1).toString(36)};`;
    // Without room a key is not taken, and the same one is typed again: it is late, not lost.
    if (!this.attachment?.type(Buffer.from(token))) return;
    this.count++;
    this.typed += token;
    this.due.push({ end: this.typed.length, at: performance.now() });
  }

  protected received(text: string): void {
    let echo = text;
    if (!this.ready) {
      if (!text.startsWith('!')) this.wrong(`it began with ${JSON.stringify(text.slice(0, 20))}`);
      this.ready = true;
      echo = text.slice(1);
    }
    const expected = this.typed.slice(this.echoed, this.echoed + echo.length);
    if (echo !== expected) {
      this.wrong(
        `at ${this.echoed} came ${JSON.stringify(echo.slice(0, 40))}, not ${JSON.stringify(expected.slice(0, 40))}`,
      );
    }
    this.echoed += echo.length;
    const now = performance.now();
    for (let first = this.due[0]; first && first.end <= this.echoed; first = this.due[0]) {
      this.waited(now - first.at);
      this.due.shift();
    }
  }

  get keys(): number {
    return this.count;
  }

  /** Until everything that was typed by now has come back. */
  async caughtUp(seconds = 60): Promise<void> {
    const wanted = this.typed.length;
    await until(`the echo of key ${this.count}`, async () => this.echoed >= wanted, { seconds, everyMs: 50 });
  }

  /** Stops typing; throws unless each key came back once, in order. */
  async finish(): Promise<void> {
    clearInterval(this.timer);
    await this.caughtUp();
    if (this.echoed !== this.typed.length) this.wrong(`${this.echoed} of ${this.typed.length} bytes came back`);
    if (this.trouble.length > 0) throw new Error(`typist: ${this.trouble.join('; ')}`);
  }
}

/** Lines with their numbers, without a pause, until a key is pressed; then how many there were. */
const FLOOD = `
let n = 0, over = false;
const more = () => {
  let block = '';
  for (let i = 0; i < 40; i++) block += ++n + ':' + 'abcdefghijklmnopqrstuvwxyz'.repeat(4) + '\\n';
  process.stdout.write(block, () => over ? process.stdout.write('END ' + n + '\\n', () => process.exit(0)) : setTimeout(more, 20));
};
process.stdin.once('data', () => { over = true; });
more();`;

export class Flood extends Load {
  private rest = '';
  private next = 1;
  private last = 0;
  private total: number | undefined;

  async start(client: HermitClient, machineId: string): Promise<void> {
    const program = `stty raw -echo; exec ${process.execPath} -e '${FLOOD.replaceAll("'", `'\\''`)}'`;
    await this.open(client, machineId, program, 'flood');
    await until('the flood runs', async () => this.next > 1, { seconds: 60, everyMs: 50 });
  }

  protected received(text: string): void {
    const now = performance.now();
    if (this.last > 0) this.waited(now - this.last);
    this.last = now;
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('END ')) this.total = Number(line.slice(4));
      else if (line !== `${this.next++}:${'abcdefghijklmnopqrstuvwxyz'.repeat(4)}`) {
        this.wrong(`line ${this.next - 1} is ${JSON.stringify(line.slice(0, 40))}`);
      }
    }
  }

  get lines(): number {
    return this.next - 1;
  }

  /** Until lines that were not yet there have come. */
  async flowing(seconds = 60): Promise<void> {
    const { lines } = this;
    await until('the flood goes on', async () => this.lines > lines + 80, { seconds, everyMs: 50 });
  }

  /** Ends the program; throws unless every line came once, in order. */
  async finish(): Promise<void> {
    this.attachment?.type(Buffer.from('q'));
    await until('the end of the flood', async () => this.total !== undefined, { seconds: 60, everyMs: 50 });
    if (this.total !== this.lines) this.wrong(`${this.lines} of ${this.total} lines came`);
    if (this.trouble.length > 0) throw new Error(`flood: ${this.trouble.join('; ')}`);
  }
}
