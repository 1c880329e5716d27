// Input by its number: bounded, coalesced, forgotten once acknowledged.
import { expect, it } from 'vitest';
import { InputQueue } from './input-queue.ts';

const bytes = (s: string) => new TextEncoder().encode(s);
const shown = (queue: InputQueue, at = queue.acked) =>
  queue.from(at).map((run) => `${run.at}${run.reply ? 'r' : ''}:${new TextDecoder().decode(run.bytes)}`);

it('joins what was typed, up to the size of a frame, and keeps replies apart', () => {
  const queue = new InputQueue(100, 4);
  for (const text of ['a', 'bc', 'def']) queue.push(bytes(text), false);
  queue.push(bytes('R'), true);
  queue.push(bytes('g'), false);
  expect(shown(queue)).toEqual(['0:abcd', '4:ef', '6r:R', '7:g']);
  expect(shown(queue, 3)).toEqual(['3:def', '6r:R', '7:g']);
  expect(shown(queue, 8)).toEqual([]);
});

it('forgets what is acknowledged, and takes no acknowledgement of what it has not sent', () => {
  const queue = new InputQueue(100, 50);
  queue.push(bytes('abc'), false);
  queue.push(bytes('def'), false);
  expect(queue.ack(4)).toBe(true);
  expect(queue.ack(4)).toBe(false);
  expect(queue.ack(2)).toBe(false);
  expect(queue.ack(7)).toBe(false);
  expect(shown(queue)).toEqual(['4:ef']);
  expect(queue.room).toBe(98);
});

it('takes all of what fits, and nothing of what does not', () => {
  const queue = new InputQueue(4, 50);
  expect(queue.push(bytes('abc'), false)).toBe(true);
  expect(queue.push(bytes('de'), false)).toBe(false);
  expect(queue.push(bytes('d'), false)).toBe(true);
  expect(shown(queue)).toEqual(['0:abcd']);
});

it('keeps its own copy, also of a Buffer', () => {
  const queue = new InputQueue();
  const buffer = Buffer.from('abc');
  queue.push(buffer, false);
  buffer.fill('x');
  expect(shown(queue)).toEqual(['0:abc']);
});
