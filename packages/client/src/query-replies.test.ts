// Replies of terminals apart from what people type.
import { expect, it } from 'vitest';
import { ReplySplitter } from './query-replies.ts';

const encode = (s: string) => new TextEncoder().encode(s);
const decode = (b: Uint8Array) => new TextDecoder().decode(b);
const split = (s: string, splitter = new ReplySplitter()) =>
  splitter.push(encode(s)).map((p) => `${p.reply ? 'reply' : 'typed'} ${JSON.stringify(decode(p.bytes)).slice(1, -1)}`);

it.each([
  ['DA1', '\x1b[?62;1;6;22c'],
  ['DA2', '\x1b[>41;354;0c'],
  ['DA3', '\x1bP!|00000000\x1b\\'],
  ['DSR', '\x1b[0n'],
  ['colour scheme', '\x1b[?997;1n'],
  ['CPR', '\x1b[24;80R'],
  ['CPR, home', '\x1b[1;1R'],
  ['DECXCPR', '\x1b[?24;80;1R'],
  ['DECRPM', '\x1b[?2026;2$y'],
  ['DECRPM of ANSI', '\x1b[4;2$y'],
  ['OSC 4', '\x1b]4;1;rgb:cccc/0000/0000\x07'],
  ['OSC 10', '\x1b]10;rgb:ffff/ffff/ffff\x1b\\'],
  ['OSC 11', '\x1b]11;rgb:0000/0000/0000\x07'],
  ['OSC 12', '\x1b]12;rgb:0000/0000/0000\x07'],
  ['OSC 52', '\x1b]52;c;aGVsbG8=\x07'],
  ['XTVERSION', '\x1bP>|xterm(390)\x1b\\'],
  ['kitty keyboard', '\x1b[?1u'],
  ['DECRQSS', '\x1bP1$r0m\x1b\\'],
  ['DECRQSS, invalid', '\x1bP0$r\x1b\\'],
  ['XTGETTCAP', '\x1bP1+r544e=787465726d\x1b\\'],
  ['window size', '\x1b[8;24;80t'],
  ['kitty graphics', '\x1b_Gi=1;OK\x1b\\'],
])('%s is a reply', (_, reply) => {
  const shown = JSON.stringify(reply).slice(1, -1);
  expect(split(reply)).toEqual([`reply ${shown}`]);
  expect(split(`a${reply}b`)).toEqual(['typed a', `reply ${shown}`, 'typed b']);
});

it.each([
  ['text', 'hello Ä 漢'],
  ['Escape', '\x1b'],
  ['Alt', '\x1bx'],
  ['Alt+[', '\x1b['],
  ['Alt+]', '\x1b]'],
  ['Alt+Shift+P', '\x1bP'],
  ['arrows', '\x1b[A\x1b[1;5C\x1bOD'],
  ['F keys', '\x1bOP\x1b[15~\x1b[1;2R\x1b[1;5P'],
  ['mouse, SGR', '\x1b[<0;12;3M\x1b[<0;12;3m'],
  ['mouse, X10', '\x1b[M !!'],
  ['focus', '\x1b[I\x1b[O'],
  ['kitty key', '\x1b[97;5u'],
  ['Alt+] and text', '\x1b]hello'],
  ['Shift+Tab', '\x1b[Z'],
])('%s is typing', (_, typed) => {
  expect(split(typed)).toEqual([`typed ${JSON.stringify(typed).slice(1, -1)}`]);
});

it('joins a reply that came in parts, cut anywhere after its beginning', () => {
  for (const reply of ['\x1b[?62;22c', '\x1b]11;rgb:0000/0000/0000\x1b\\', '\x1bP>|xterm(390)\x1b\\']) {
    for (let cut = 3; cut < reply.length; cut++) {
      const splitter = new ReplySplitter();
      expect(split(`x${reply.slice(0, cut)}`, splitter)).toEqual(['typed x']);
      expect(splitter.held).toBe(cut);
      expect(split(`${reply.slice(cut)}y`, splitter)).toEqual([
        `reply ${JSON.stringify(reply).slice(1, -1)}`,
        'typed y',
      ]);
    }
  }
});

it('gives back what did not become a reply', () => {
  const splitter = new ReplySplitter();
  expect(split('\x1b[?6', splitter)).toEqual([]);
  expect(splitter.flush().map((p) => [decode(p.bytes), p.reply])).toEqual([['\x1b[?6', false]]);
  expect(splitter.held).toBe(0);
});

it('leaves pasted text alone, whatever it looks like, also when its end is cut in two', () => {
  const splitter = new ReplySplitter();
  expect(split('\x1b[200~look: \x1b[?1;2c\x1b]11;rgb:0/0/0\x07', splitter)).toHaveLength(1);
  expect(split('\x1b[24;80R\x1b[20', splitter)).toEqual([String.raw`typed \u001b[24;80R\u001b[20`]);
  expect(split('1~\x1b[0n', splitter)).toEqual(['typed 1~', String.raw`reply \u001b[0n`]);
});

it('never loses, doubles or reorders a byte', () => {
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return (seed >> 8) % n;
  };
  const alphabet = '\x1b\x1b\x1b[[]]?><P_G!|0119;;$+rcnRtyu~\x07\\ax\r';
  for (let run = 0; run < 2_000; run++) {
    const splitter = new ReplySplitter();
    let put = '';
    let got = '';
    for (let i = 0; i < 6; i++) {
      let piece = '';
      for (let k = random(12); k > 0; k--) piece += alphabet[random(alphabet.length)];
      put += piece;
      for (const part of splitter.push(encode(piece))) got += decode(part.bytes);
    }
    for (const part of splitter.flush()) got += decode(part.bytes);
    expect(got).toBe(put);
  }
});
