// Skipping gives exactly what parsing everything gives.
import { type Random, seeded } from '@hermit/transport';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Feed } from './feed.ts';
import { runEnd, skip } from './skip.ts';
import { babble, stateOf } from './testing.ts';

/** HERMIT_SEED=n repeats one seed; HERMIT_SEEDS=n runs that many. */
const FIRST = Number(process.env.HERMIT_SEED ?? 1);
const SEEDS = Number(process.env.HERMIT_SEEDS ?? (process.env.HERMIT_SEED ? 1 : 10));
const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST + i);

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** Lines of a build, a listing, a log: long and short, coloured, wide, with tabs, sometimes with a raw LF. */
function lines(random: Random, length: number): string {
  const colours = [
    '\x1b[m',
    '\x1b[0m',
    '\x1b[1;32m',
    '\x1b[38;5;99m',
    '\x1b[48;2;1;2;3m',
    '\x1b[7m',
    '\x1b[0;4m',
    '\x1b[27m',
  ];
  const ends = random() < 0.7 ? ['\r\n'] : ['\r\n', '\r\n', '\r\n', '\n', '\r', '\x1b[K\r\n', '\x1b[1K', '\x1b[2K\r\n'];
  const coloured = random() < 0.6 ? random() * 0.5 : 0;
  const words = ['x', 'word', 'é', '文字', '\t', ' ', '—', 'e\u0301', '🦀', 'a-longer-word-that-makes-lines-wrap'];
  const parts: string[] = [];
  let size = 0;
  while (size < length) {
    let s = '';
    for (let n = Math.floor(random() * 12); n > 0; n--)
      s += random() < coloured ? pick(random, colours) : pick(random, words);
    s += pick(random, ends);
    parts.push(s);
    size += s.length;
  }
  return parts.join('');
}

function fed(
  size: { cols: number; rows: number },
  scrollback: number,
  bytes: Uint8Array,
  chunk: number,
  skipFrom: number,
) {
  let givenBack = 0;
  const parsed = (buffer: ArrayBufferLike) => {
    givenBack += buffer.byteLength;
    // Whoever has it next writes into it.
    new Uint8Array(buffer).fill(0x58);
  };
  const feed = new Feed(size, scrollback, { skipFrom, parsed });
  let skipped = 0;
  const plain = feed.emulator.skip.bind(feed.emulator);
  feed.emulator.skip = (count, pen) => {
    skipped += count;
    plain(count, pen);
  };
  for (let i = 0; i < bytes.length; i += chunk) {
    feed.write(new Uint8Array(bytes.subarray(i, i + chunk)));
    // As much waits as a fast program leaves waiting.
    if ((i / chunk) % 8 === 7) feed.step();
  }
  while (feed.step());
  feed.release();
  while (feed.step());
  expect(givenBack).toBeGreaterThanOrEqual(bytes.length);
  return { core: feed.emulator.core, offset: feed.emulator.offset, skipped };
}

describe('a feed that skips', () => {
  it.each(seeds)('comes to the same screen and scrollback as one that does not, seed %i', (seed) => {
    const random = seeded(seed);
    const size = { cols: 5 + Math.floor(random() * 60), rows: 1 + Math.floor(random() * 20) };
    const scrollback = Math.floor(random() * 120);
    const few = () => babble(random, random() * 400, size.cols, size.rows);
    let text = few();
    for (let n = 1 + Math.floor(random() * 4); n > 0; n--) text += lines(random, 60_000 + random() * 200_000) + few();
    if (random() < 0.5) text += lines(random, random() * 200_000);
    const bytes = Buffer.from(text);
    const chunk = 1000 + Math.floor(random() * 60_000);
    const all = fed(size, scrollback, bytes, chunk, Number.POSITIVE_INFINITY);
    const some = fed(size, scrollback, bytes, chunk, 70_000);
    expect(all.skipped).toBe(0);
    expect(some.offset).toBe(bytes.length);
    expect(all.offset).toBe(bytes.length);
    const above = all.core.buffers.normal.ybase;
    expect(some.core.buffers.normal.ybase).toBe(above);
    expect(stateOf(some.core, above)).toEqual(stateOf(all.core, above));
  });

  it('skips nearly all of a long plain output', () => {
    const bytes = Buffer.from(lines(seeded(7), 4_000_000));
    expect(fed({ cols: 80, rows: 24 }, 1000, bytes, 100_000, 256 * 1024).skipped).toBeGreaterThan(bytes.length * 0.5);
  });

  it('parses everything while margins, insert mode, a link or the alternate buffer are in effect', () => {
    for (const mode of ['\x1b[2;5r', '\x1b[4h', '\x1b]8;;http://example.test/\x07', '\x1b[?1049h', '\x1b[?6h']) {
      const bytes = Buffer.from(mode + lines(seeded(8), 500_000));
      expect(fed({ cols: 80, rows: 24 }, 50, bytes, 100_000, 100_000).skipped).toBe(0);
    }
  });
});

describe('the kept end of a run', () => {
  const size = { cols: 80, rows: 24 };
  const flood = Buffer.from(lines(seeded(9), 600_000));
  const answers: string[] = [];
  let feed: Feed;
  beforeEach(() => {
    answers.length = 0;
    feed = new Feed(size, 100);
    feed.onReply((text) => answers.push(text));
  });

  const write = (text: string | Uint8Array) => {
    feed.write(new Uint8Array(Buffer.from(text)));
    while (feed.step());
  };

  it('waits for what follows, which may leave it out as well', () => {
    write(flood);
    expect(feed.holds).toBe(true);
    const { offset } = feed.emulator;
    expect(offset).toBeLessThan(flood.length);
    const parse = vi.spyOn(feed.emulator, 'parse');
    write(flood);
    expect(feed.holds).toBe(true);
    expect(feed.emulator.offset).toBeGreaterThan(flood.length);
    // What was held has been left out: no more than the beginning of a line was parsed.
    expect(parse.mock.calls.reduce((sum, [bytes]) => sum + bytes.length, 0)).toBeLessThan(1_000);
  });

  it('is parsed when it is released, when a snapshot is asked for, and before a little that follows', () => {
    const now = [
      () => feed.release(),
      () => feed.request(flood.length, () => {}),
      () => feed.write(new Uint8Array(Buffer.from('prompt'))),
      () => feed.resize({ cols: 100, rows: 30 }),
    ];
    for (const [i, act] of now.entries()) {
      feed = new Feed(size, 100);
      write(flood);
      expect(feed.holds, String(i)).toBe(true);
      act();
      while (feed.step());
      expect(feed.holds, String(i)).toBe(false);
      expect(feed.emulator.offset, String(i)).toBeGreaterThanOrEqual(flood.length);
    }
  });

  it('waits though a sequence has begun in it, and not where a question follows', () => {
    write(`${flood.toString()}\x1b[3`);
    expect(feed.holds).toBe(true);
    write('1mred');
    expect(feed.emulator.offset).toBe(flood.length + '\x1b[31mred'.length);
    write(`${flood.toString()}\x1b[6n`);
    expect(feed.holds).toBe(false);
    expect(answers).toHaveLength(1);
  });
});

/** The same, byte by byte. */
function endByBytes(bytes: Uint8Array): number {
  const sequence = /^\x1b\[(?:[0-;]{0,60}m|[0-2]?K)/;
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i] as number;
    if (byte === 0x1b) {
      const [found] = sequence.exec(Buffer.from(bytes.subarray(i)).toString('latin1')) ?? [''];
      if (found === '') return i;
      i += found.length;
    } else if (byte === 0xc2) {
      if (!((bytes[i + 1] ?? 0) >= 0xa0)) return i;
      i += 2;
    } else if (byte === 0x7f || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return i;
    else i++;
  }
  return bytes.length;
}

describe('a run', () => {
  it.each([
    ['plain text\r\n\tmore', 17],
    ['é“文🦀\xa0end', 17],
    ['a\x1b[1;38:2::1:2:3mb\x1b[K\x1b[2Kc', 26],
    ['ab\x1b[Hc', 2],
    ['ab\x1b[3Kc', 2],
    ['ab\x1b[1;2Kc', 2],
    ['ab\x1b[?1hc', 2],
    ['ab\x1b]0;t\x07', 2],
    ['ab\x1b[1', 2],
    ['ab\x1b', 2],
    ['ab\u009b31mc', 2],
    ['ab\x0ec', 2],
    ['ab\x08c', 2],
  ])('%j ends at %i', (text, end) => {
    expect(runEnd(Buffer.from(text))).toBe(end);
  });

  it.each(seeds)('ends where a look at every byte says, wherever its buffer begins, seed %i', (seed) => {
    const random = seeded(seed);
    // Not what belongs to a run alone, but mostly.
    const odd = [0x07, 0x1b, 0x1f, 0x7f, 0x80, 0xc2, 0xff];
    for (let n = 0; n < 300; n++) {
      const offset = Math.floor(random() * 8);
      const text = Buffer.from(lines(random, random() * 80));
      const bytes = new Uint8Array(offset + text.length).subarray(offset);
      bytes.set(text);
      if (bytes.length > 0 && random() < 0.7) bytes[Math.floor(random() * bytes.length)] = pick(random, odd);
      expect(runEnd(bytes)).toBe(endByBytes(bytes));
    }
  });

  it('is resumed at a CR LF with the pen of what was left out', () => {
    const filler = `${'x'.repeat(78)}\r\n`.repeat(2000);
    const bytes = Buffer.from(`start\r\n\x1b[31m\x1b[0;1mbold\x1b[Kline\r\n\x1b[4m${filler}${'end\r\n'.repeat(20)}`);
    const found = skip(bytes, bytes.length, 10);
    expect(found?.keep).toBe(5);
    expect(Buffer.from(found?.pen ?? []).toString()).toBe('\x1b[0;1m\x1b[4m');
    expect(bytes.subarray(found?.resume).toString()).toBe(`\r\n${'end\r\n'.repeat(9)}`);
  });

  it('is left alone when its lines begin nowhere', () => {
    expect(skip(Buffer.from('x\n'.repeat(200_000)), 400_000, 10)).toBe(null);
  });
});
