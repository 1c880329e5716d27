// What a session remembers, of whom, and for how long: input positions, seats, history; and what it says again.
import { randomUUID } from 'node:crypto';
import { FLAG_GAP, FRAME, frameFlags, framePosition, frameType, LIMITS } from '@hermit/protocol';
import { describe, expect, it } from 'vitest';
import { HandRelay } from '../kit/hand-relay.ts';
import { BLOCK } from './output-log.ts';

const MINUTE = 60_000;
const megabyte = Buffer.alloc(1024 * 1024, 'x');

const inputAcks = (relay: HandRelay) =>
  relay.frames
    .filter((f) => frameType(f) === FRAME.inputAck)
    .map((f) => ({ applied: framePosition(f), gap: (frameFlags(f) & FLAG_GAP) !== 0 }));

describe('input', () => {
  it('never forgets the position of who is attached (IN-2)', () => {
    const relay = new HandRelay();
    const session = relay.start();
    const a = relay.attach(session, randomUUID());
    for (let i = 0; i < LIMITS.inputPositions; i++) relay.detach(session, relay.attach(session, randomUUID()));
    relay.type(session, a, 0, 'hello');
    expect(relay.terminals[0]?.written).toBe('hello');
    relay.detach(session, a);
    for (let i = 0; i < LIMITS.inputPositions; i++) relay.detach(session, relay.attach(session, randomUUID()));
    relay.attach(session, a, { attempt: 2, inputFrom: 5 });
    expect(relay.all('attach_refused')).toMatchObject([{ clientId: a, code: 'INPUT_LOST' }]);
  });

  it('is asked for as soon as a program that read nothing has made room (IN-4)', () => {
    const relay = new HandRelay();
    const session = relay.start();
    const a = relay.attach(session, randomUUID());
    const terminal = relay.terminals[0];
    if (!terminal) throw new Error('no program');
    terminal.unread = LIMITS.unreadInput - 3;
    relay.type(session, a, 0, 'hello');
    relay.clock.advance(LIMITS.inputAckDelay);
    expect(inputAcks(relay)).toEqual([{ applied: 3, gap: false }]);
    terminal.unread -= 1;
    terminal.drained();
    expect(inputAcks(relay)).toHaveLength(1);
    terminal.unread = 0;
    terminal.drained();
    expect(inputAcks(relay).slice(1)).toEqual([{ applied: 3, gap: true }]);
    terminal.drained();
    expect(inputAcks(relay)).toHaveLength(2);
  });
});

describe.each(['latest', 'driver'] as const)('a driver whose connection closes, by %s', (sizePolicy) => {
  const small = { cols: 40, rows: 20 };
  const large = { cols: 120, rows: 40 };
  const world = () => {
    const relay = new HandRelay();
    const session = relay.start({ sizePolicy });
    const [other, driver] = [randomUUID(), randomUUID()];
    relay.attach(session, other, small);
    relay.attach(session, driver, large);
    relay.drive(session, driver);
    relay.type(session, driver, 0, 'x');
    relay.detach(session, driver);
    expect(session).toMatchObject({ seating: { driver: other }, size: small });
    return { relay, session, driver, other };
  };

  it('drives again when it comes back soon', () => {
    const { relay, session, driver } = world();
    relay.clock.advance(300);
    relay.attach(session, driver, { attempt: 2, inputFrom: 1, ...large });
    expect(session).toMatchObject({ seating: { driver }, size: large });
  });

  it('does not when somebody has taken over, or after a minute', () => {
    const taken = world();
    taken.relay.drive(taken.session, taken.other);
    taken.relay.attach(taken.session, taken.driver, { attempt: 2, inputFrom: 1, ...large });
    expect(taken.session).toMatchObject({ seating: { driver: taken.other }, size: small });

    const late = world();
    // Who stays keeps its lease.
    for (let i = 0; i < 5; i++) {
      late.relay.clock.advance(MINUTE / 4);
      late.relay.acknowledge(late.session, late.other, { offset: 0 });
    }
    late.relay.attach(late.session, late.driver, { attempt: 2, inputFrom: 1, ...large });
    expect(late.session).toMatchObject({ seating: { driver: late.other }, size: small });
  });
});

describe('who drives, and whose size counts', () => {
  it('is told again a few times, since one message may be lost, and then no more', () => {
    const relay = new HandRelay();
    const session = relay.start();
    const [a, b] = [randomUUID(), randomUUID()];
    relay.attach(session, a);
    relay.attach(session, b);
    for (const who of [a, b]) relay.acknowledge(session, who, { offset: 0 });
    relay.clock.advance(5_000);
    relay.told.length = 0;
    relay.drive(session, b);
    expect(relay.all('tip')).toMatchObject([{ driver: b }]);
    relay.clock.advance(700);
    expect(relay.all('tip')).toHaveLength(2);
    relay.clock.advance(10_000);
    expect(relay.all('tip')).toHaveLength(4);
  });

  it('is answered whoever drives already', () => {
    const relay = new HandRelay();
    const session = relay.start();
    const a = relay.attach(session, randomUUID());
    relay.acknowledge(session, a, { offset: 0 });
    relay.clock.advance(5_000);
    relay.told.length = 0;
    relay.drive(session, a);
    expect(relay.all('tip')).toMatchObject([{ driver: a }]);
  });
});

describe('history kept for a reader of every byte', () => {
  const behind = () => {
    const relay = new HandRelay();
    const session = relay.start();
    const a = relay.attach(session, randomUUID(), { mode: 'stream', from: 0 });
    relay.acknowledge(session, a, { offset: 0 });
    for (let i = 0; i < 16; i++) relay.terminals[0]?.prints(megabyte);
    expect(session.log.held).toBe(16 * megabyte.length);
    return { relay, session, a };
  };

  it('is given back as it is read, also when the program prints no more', () => {
    const { relay, session, a } = behind();
    relay.terminals[0]?.exits({ exitCode: 0, signal: null });
    relay.acknowledge(session, a, { offset: session.log.end });
    relay.clock.advance(200);
    expect(session.log.held).toBeLessThanOrEqual(LIMITS.history + BLOCK);
  });

  it('waits for a reader whose connection closed, for as long as an attachment is kept', () => {
    const { relay, session, a } = behind();
    relay.detach(session, a);
    relay.clock.advance(LIMITS.attachmentLease / 2);
    expect(session.log.base).toBe(0);
    relay.clock.advance(LIMITS.attachmentLease);
    expect(session.log.held).toBeLessThanOrEqual(LIMITS.history + BLOCK);
    expect(relay.sessions.all.has(session.id)).toBe(true);
  });
});

describe('a session that has ended', () => {
  /** Ends, while somebody reads on for so many minutes; returns whether it is still there. */
  function after(minutes: number, reads: boolean): boolean {
    const relay = new HandRelay();
    const session = relay.start();
    const a = relay.attach(session, randomUUID(), { mode: 'stream', from: 0 });
    relay.terminals[0]?.prints(megabyte);
    relay.terminals[0]?.exits({ exitCode: 0, signal: null });
    for (let i = 1; i <= 2 * minutes; i++) {
      relay.clock.advance(MINUTE / 2);
      relay.acknowledge(session, a, { offset: reads ? i : 1 });
    }
    return relay.sessions.all.has(session.id);
  }

  it('stays for who reads it to its end, within a bound, and not for who only looks', () => {
    expect(after(9, false)).toBe(true);
    expect(after(12, false)).toBe(false);
    expect(after(12, true)).toBe(true);
    expect(after(61, true)).toBe(false);
  });
});

it('a session that is forgotten while it waits for room has nothing to send', async () => {
  const relay = new HandRelay();
  const session = relay.start();
  const a = relay.attach(session, randomUUID(), { mode: 'stream', from: 0 });
  relay.terminals[0]?.prints(megabyte);
  relay.terminals[0]?.exits({ exitCode: 0, signal: null });
  await relay.pump();
  // It reads slowly, until its time is over; what it may be sent then waits for the link all the while.
  for (let i = 1; i <= 2 * 61; i++) {
    relay.acknowledge(session, a, { offset: LIMITS.windowStart - 1_000 + i });
    relay.clock.advance(MINUTE / 2);
  }
  expect(relay.sessions.all.has(session.id)).toBe(false);
  relay.frames = [];
  await relay.pump();
  expect(relay.frames).toEqual([]);
});

it('a program that waits for its own screen counts as waiting', () => {
  const nothing = () => {};
  const relay = new HandRelay(() => ({
    ...{
      backlog: LIMITS.screenBacklog,
      full: true,
      write: nothing,
      resize: nothing,
      onCaughtUp: nothing,
      answer: nothing,
    },
    ...{ onReply: nothing, snapshot: nothing, dispose: nothing },
  }));
  relay.start();
  relay.terminals[0]?.prints(megabyte);
  relay.clock.advance(10_000);
  expect(relay.all('stats')).toMatchObject([{ ptysPaused: 1 }]);
});
