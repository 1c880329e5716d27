// Typing that is ahead of the session, and typing into nothing.
import { expect, it } from 'vitest';
import { Typing } from './typing.ts';

function session(room: number) {
  const sent: string[] = [];
  const state = { room, flowing: true, refused: 0 };
  const typing = new Typing({
    send(bytes) {
      if (bytes.length > state.room) return false;
      state.room -= bytes.length;
      sent.push(Buffer.from(bytes).toString());
      return true;
    },
    flowing: () => state.flowing,
    refused: (length) => {
      state.refused += length;
    },
  });
  const type = (text: string) => typing.type(Buffer.from(text));
  return { sent, state, typing, type };
}

it('holds a paste back until there is room, and keeps its order', () => {
  const { sent, state, typing, type } = session(20_000);
  const paste = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
  type(paste);
  type('!');
  expect(sent.join('')).toHaveLength(16_384);
  state.room = 30_000;
  typing.flush();
  expect(sent.join('')).toHaveLength(16_384 + 16_384);
  state.room = 100_000;
  typing.flush();
  expect(sent.join('')).toBe(`${paste}!`);
  expect(state.refused).toBe(0);
});

it('refuses aloud when the link is down and there is no room', () => {
  const { sent, state, type } = session(3);
  state.flowing = false;
  type('abc');
  type('d');
  expect(sent).toEqual(['abc']);
  expect(state.refused).toBe(1);
});

it('holds no more than a bound', () => {
  const { state, type } = session(0);
  type('x'.repeat(1024 * 1024));
  expect(state.refused).toBe(0);
  type('y'.repeat(100));
  expect(state.refused).toBe(100);
});

it('never changes what it holds when the buffer is used again', () => {
  const { sent, state, typing } = session(0);
  const buffer = Buffer.from('abc');
  typing.type(buffer);
  buffer.fill('x');
  state.room = 10;
  typing.flush();
  expect(sent).toEqual(['abc']);
});
