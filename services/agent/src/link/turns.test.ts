// Whose turn it is: who has little goes first, floods share what is left, and who gathers is waited for (FL-6).
import { LIMITS } from '@hermit/protocol';
import { beforeEach, expect, it } from 'vitest';
import type { Session } from '../session/session.ts';
import { Turns } from './turns.ts';

const { quantum, small } = LIMITS;
const NOW = 1_000;

let turns: Turns;
/** Who sent, in order. */
let sent: string[];
beforeEach(() => {
  turns = new Turns();
  sent = [];
});

/** A session with so many bytes to send, none before `due`. */
function waits(name: string, bytes: number, due = 0): { left: number } {
  const state = { left: bytes };
  const session = {
    due,
    get pending() {
      return state.left;
    },
    pump(room: number) {
      sent.push(name);
      const now = Math.min(room, state.left);
      state.left -= now;
      return now;
    },
  };
  turns.add(session as unknown as Session);
  return state;
}
/** Room for so many sends. */
const roomFor = (sends: number) => () => sent.length < sends;
const always = () => true;

it('who has little to send goes before all floods', () => {
  waits('flood', 10 * quantum);
  waits('keys', small);
  turns.run(roomFor(1), NOW);
  expect(sent).toEqual(['keys']);
});

it('floods take turns of a quantum each', () => {
  waits('one', 3 * quantum);
  waits('two', 3 * quantum);
  turns.run(roomFor(4), NOW);
  expect(sent).toEqual(['one', 'two', 'one', 'two']);
});

it('goes on where it stopped for want of room', () => {
  waits('one', 3 * quantum);
  waits('two', 3 * quantum);
  expect(turns.run(roomFor(1), NOW), 'somebody waits for room').toBeNull();
  turns.run(roomFor(2), NOW);
  expect(sent).toEqual(['one', 'two']);
  expect(turns.empty).toBe(false);
  turns.run(always, NOW);
  expect(turns.empty).toBe(true);
});

it('who gathers does not send yet; it is told when the first of them will, unless somebody waits for room', () => {
  const late = waits('late', quantum, NOW + 4);
  waits('later', quantum, NOW + 9);
  expect(turns.run(always, NOW)).toBe(NOW + 4);
  expect([sent, late.left]).toEqual([[], quantum]);
  waits('flood', 3 * quantum);
  expect(turns.run(roomFor(1), NOW)).toBeNull();
  turns.run(always, NOW + 9);
  expect(new Set(sent)).toEqual(new Set(['flood', 'late', 'later']));
});

it('nobody is left who has nothing to send', () => {
  waits('keys', 3);
  expect(turns.run(always, NOW)).toBeNull();
  expect([sent, turns.empty]).toEqual([['keys'], true]);
});

it('without a connection everybody sends into the void, who gathers too', () => {
  const [flood, late] = [waits('flood', 9 * quantum), waits('late', quantum, NOW + 4)];
  turns.flush();
  expect([flood.left, late.left, turns.empty]).toEqual([0, 0, true]);
});
