// What viewers are sent: the end of the history where there is no emulator, a share of every turn for who catches up,
// and no more scrollback than they can use.
import { randomUUID } from 'node:crypto';
import {
  decodeSnapshot,
  FRAME,
  frameAttachment,
  framePayload,
  frameType,
  LIMITS,
  snapshotIndex,
} from '@hermit/protocol';
import { describe, expect, it } from 'vitest';
import { HandRelay, type Seen } from '../kit/hand-relay.ts';
import type { CreateScreen, ScreenSnapshot } from '../screen/screen.ts';

const nothing = () => {};
const fresh = (): Seen => ({ offset: null, snapshot: 0, chunks: 0, bytes: 0 });
const flood = Buffer.alloc(64 * 1024, 'a line of a log\r\n');

/** An emulator that answers when it is told to. */
function screens() {
  const asked: ((scrollback: string) => void)[] = [];
  const from: number[] = [];
  const create: CreateScreen = (size) => {
    let end = 0;
    return {
      ...{ backlog: 0, full: false, resize: nothing, onCaughtUp: nothing, answer: nothing, onReply: nothing },
      dispose: nothing,
      write: (bytes) => {
        end += bytes.length;
      },
      snapshot: (atLeast: number, done: (made: ScreenSnapshot) => void) => {
        from.push(atLeast);
        asked.push((scrollback) => done({ offset: end, size, title: '', scrollback, screen: 'screen' }));
      },
    };
  };
  return { create, asked, from };
}

it('shows the end of a long history where there is no emulator, from the beginning of a line', async () => {
  const relay = new HandRelay();
  const session = relay.start();
  for (let i = 0; i < 16; i++) relay.terminals[0]?.prints(flood);
  const a = relay.attach(session, randomUUID());
  relay.acknowledge(session, a);
  await relay.pump();
  await relay.pump();
  const first = relay.frames.find((frame) => frameType(frame) === FRAME.addressed) as Uint8Array;
  expect(Buffer.from(framePayload(first)).toString()).toMatch(/^a line of a log\r\n/);
  const seen = fresh();
  for (let i = 0; i < 50 && seen.offset !== session.log.end; i++) {
    relay.acknowledge(session, a, relay.take(a, seen));
    relay.clock.advance(20);
    await relay.pump();
  }
  expect(seen.offset).toBe(session.log.end);
  expect(seen.bytes).toBeLessThanOrEqual(LIMITS.replay / 4);
});

it('shows something of a flood that is never caught up with', async () => {
  const relay = new HandRelay();
  const session = relay.start();
  const a = relay.attach(session, randomUUID());
  const seen = fresh();
  for (let i = 0; i < 20; i++) {
    for (let n = 0; n < 5; n++) relay.terminals[0]?.prints(flood);
    relay.acknowledge(session, a, relay.take(a, seen));
    relay.clock.advance(20);
    await relay.pump();
  }
  expect(seen.bytes).toBeGreaterThan(64 * 1024);
});

it('gives who catches up every other turn beside a flood that fills them all (FL-6)', async () => {
  const { create, asked } = screens();
  const relay = new HandRelay(create);
  const session = relay.start();
  const live = relay.attach(session, randomUUID());
  relay.acknowledge(session, live);
  await relay.pump();
  asked.shift()?.('');
  await relay.pump();
  relay.acknowledge(session, live, relay.take(live, fresh()));
  await relay.pump();
  expect(relay.all('live')).toHaveLength(1);
  const others = [randomUUID(), randomUUID()];
  for (const other of others) relay.attach(session, other);
  const served = () => relay.frames.map((f) => (frameType(f) === FRAME.snapshot ? frameAttachment(f) : 'all'));
  // Each turn has room for one frame, and there is always one more for who is live.
  const turn = () => {
    relay.terminals[0]?.prints(flood);
    session.pump(1);
    relay.acknowledge(session, live, { offset: session.log.end });
  };
  for (let i = 0; i < 4; i++) turn();
  for (const made of asked.splice(0)) made('');
  relay.frames = [];
  for (let i = 0; i < 6; i++) turn();
  expect(served()).toContain('all');
  for (const other of others) expect(served()).toContain(other);
});

describe('scrollback (FRAME-3)', () => {
  /** The lengths of it in the first two snapshots of a viewer of this speed, beside one who sets a faster pace. */
  async function above(bytesPerMs: number): Promise<number[]> {
    const { create, asked } = screens();
    const relay = new HandRelay(create);
    const session = relay.start();
    const fast = relay.attach(session, randomUUID());
    const slow = relay.attach(session, randomUUID());
    const found: number[] = [];
    const seen = fresh();
    for (let i = 0; i < 500 && found.length < 2; i++) {
      await relay.pump();
      for (const made of asked.splice(0)) made('x'.repeat(6_000));
      await relay.pump();
      for (const frame of relay.frames) {
        if (frameType(frame) !== FRAME.snapshot || frameAttachment(frame) !== slow) continue;
        if (snapshotIndex(frame) === 0) found.push(decodeSnapshot(framePayload(frame)).scrollback.length);
      }
      const before = seen.bytes;
      relay.take(slow, seen);
      const upTo = relay.clock.now() + Math.max(10, (seen.bytes - before) / bytesPerMs);
      while (relay.clock.now() < upTo) {
        relay.terminals[0]?.prints(flood.subarray(0, 40 * bytesPerMs));
        relay.acknowledge(session, fast, { offset: session.log.end });
        relay.clock.advance(10);
      }
      relay.acknowledge(session, slow, seen);
    }
    return found;
  }

  it('comes with the first snapshot, and with a later one when it is no burden', async () => {
    expect(await above(1_000)).toEqual([6_000, 6_000]);
  });

  it('is left out for a slow viewer that is skipped ahead', async () => {
    expect(await above(20)).toEqual([6_000, 0]);
  });
});

it('lets a flood run on until the screen of a new viewer is made (FL-2)', async () => {
  const { create, asked } = screens();
  const relay = new HandRelay(create);
  const session = relay.start();
  for (let i = 0; i < 50; i++) relay.terminals[0]?.prints(flood);
  const a = relay.attach(session, randomUUID());
  relay.acknowledge(session, a);
  await relay.pump();
  expect(asked).toHaveLength(1);
  relay.terminals[0]?.prints(flood);
  relay.clock.advance(1_000);
  expect(relay.terminals[0]?.paused).toBe(false);
});

it('asks for no screen that would be left for another at once', async () => {
  const { create, from } = screens();
  const relay = new HandRelay(create);
  const session = relay.start();
  for (let i = 0; i < 50; i++) relay.terminals[0]?.prints(flood);
  relay.acknowledge(session, relay.attach(session, randomUUID()));
  await relay.pump();
  expect(from).toEqual([session.log.end - LIMITS.replay]);
});
