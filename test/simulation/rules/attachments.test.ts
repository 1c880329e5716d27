// Rules of what an agent sends to each attachment, and when, tried alone on real sessions: a schedule rarely fails without
// them, since what comes again, or too early, is dropped by offset in the end.
import { randomUUID } from 'node:crypto';
import {
  FRAME,
  framePayload,
  framePosition,
  frameType,
  inputFrame,
  LIMITS,
  snapshotIndex,
  uuidBytes,
} from '@hermit/protocol';
import { expect, it } from 'vitest';
import { HandRelay } from '../../../services/agent/src/kit/hand-relay.ts';
import { noScreen } from '../../../services/agent/src/screen/no-screen.ts';
import type { CreateScreen } from '../../../services/agent/src/screen/screen.ts';

const STREAM = { mode: 'stream', from: 0 } as const;
const WINDOW = LIMITS.windowStart;

/** A session that has printed so much. */
function printed(bytes: number, relay = new HandRelay()) {
  const session = relay.start();
  const print = (more: number) => relay.terminals[0]?.prints(Buffer.alloc(more, 'x'));
  print(bytes);
  return { relay, session, print };
}

/** The output that was sent to one attachment alone, as [from, to]. */
function addressed(relay: HandRelay): [number, number][] {
  const frames = relay.frames.filter((frame) => frameType(frame) === FRAME.addressed);
  return frames.map((frame) => [framePosition(frame), framePosition(frame) + framePayload(frame).length]);
}

it('CU-4: a repeated attach is answered again, and rewinds nothing', async () => {
  const { relay, session } = printed(2 * WINDOW);
  const a = relay.attach(session, randomUUID(), STREAM);
  await relay.pump();
  relay.attach(session, a, STREAM);
  await relay.pump();
  expect(relay.all('attached')).toHaveLength(2);
  expect(addressed(relay)).toEqual([[0, WINDOW]]);

  relay.acknowledge(session, a, { offset: WINDOW });
  await relay.pump();
  expect(relay.all('live')).toEqual([]);
  relay.acknowledge(session, a, { offset: WINDOW + 1 });
  await relay.pump();
  const upToHere = [
    [0, WINDOW],
    [WINDOW, 2 * WINDOW],
  ];
  expect(addressed(relay)).toEqual(upToHere);
  relay.attach(session, a, STREAM);
  await relay.pump();
  expect(relay.all('attached')).toHaveLength(3);
  expect(relay.all('live')).toHaveLength(1);
  expect(addressed(relay)).toEqual(upToHere);
});

it('CU-6: a snapshot of which a chunk was lost goes on with that chunk', async () => {
  const createScreen: CreateScreen = (size, scrollback) => ({
    ...noScreen(size, scrollback),
    snapshot: (_atLeast, done) =>
      done({ offset: 0, size, title: '', scrollback: '', screen: 'x'.repeat(3 * LIMITS.snapshotChunk) }),
  });
  const { relay, session } = printed(0, new HandRelay(createScreen));
  const a = relay.attach(session, randomUUID());
  const chunks = async () => {
    await relay.pump();
    return relay.frames.filter((frame) => frameType(frame) === FRAME.snapshot).map(snapshotIndex);
  };
  expect(await chunks()).toEqual([0, 1, 2, 3]);
  relay.frames = [];
  const ids = { sessionId: session.id, clientId: a, attempt: 1 };
  relay.sessions.message({ type: 'catch_up', ...ids, round: 1, from: null, snapshot: { id: 1, have: 2 } });
  expect(await chunks()).toEqual([2, 3]);
});

it('CU-8: an acknowledgement of more than there is means nothing', () => {
  const { relay, session } = printed(100);
  const a = relay.attach(session, randomUUID(), STREAM);
  relay.acknowledge(session, a, { offset: 101 });
  expect(session.attachments.get(a)?.ack).toBe(0);
  relay.acknowledge(session, a, { offset: 100 });
  expect(session.attachments.get(a)?.ack).toBe(100);
});

it('CU-11: that history is lost is said once all that was sent before is acknowledged', async () => {
  const history = 2 * WINDOW;
  const { relay, session, print } = printed(history, new HandRelay(undefined, { history, historyBehind: history }));
  const a = relay.attach(session, randomUUID(), STREAM);
  await relay.pump();
  print(2 * history);
  relay.acknowledge(session, a, { offset: WINDOW - 1 });
  await relay.pump();
  expect(relay.all('history_lost')).toEqual([]);
  expect(addressed(relay)).toEqual([[0, WINDOW]]);

  relay.acknowledge(session, a, { offset: WINDOW });
  await relay.pump();
  expect(relay.all('history_lost')).toMatchObject([{ clientId: a, first: 2 * history }]);
  expect(addressed(relay).slice(1)).toEqual([[2 * history, 2 * history + WINDOW]]);
});

it('CU-11: nor is a new screen asked for before', async () => {
  let asked = 0;
  const createScreen: CreateScreen = (size, scrollback) => ({
    ...noScreen(size, scrollback),
    snapshot: () => void asked++,
  });
  const { relay, session, print } = printed(2 * WINDOW, new HandRelay(createScreen));
  const a = relay.attach(session, randomUUID(), { from: 0 });
  await relay.pump();
  expect(addressed(relay)).toEqual([[0, WINDOW]]);
  print(2 * LIMITS.replay);
  relay.acknowledge(session, a, { offset: WINDOW - 1 });
  await relay.pump();
  expect(asked).toBe(0);
  relay.acknowledge(session, a, { offset: WINDOW });
  await relay.pump();
  expect(asked).toBe(1);
});

it('CU-12: nobody goes live whose window is full', async () => {
  const { relay, session } = printed(WINDOW);
  const a = relay.attach(session, randomUUID(), STREAM);
  await relay.pump();
  expect(addressed(relay)).toEqual([[0, WINDOW]]);
  expect(relay.all('live')).toEqual([]);
  relay.acknowledge(session, a, { offset: 1 });
  await relay.pump();
  expect(relay.all('live')).toMatchObject([{ clientId: a, offset: WINDOW }]);
});

it('FL-1: who is live and half a window out of the window has one of its own again; the others stay live', async () => {
  const { relay, session, print } = printed(0);
  const [fast, slow] = [randomUUID(), randomUUID()];
  for (const a of [fast, slow]) {
    relay.attach(session, a, STREAM);
    relay.acknowledge(session, a, { offset: 0 });
  }
  await relay.pump();
  expect(relay.all('live')).toHaveLength(2);

  const flood = async (bytes: number) => {
    print(bytes);
    await relay.pump();
    relay.acknowledge(session, fast, { offset: session.log.end });
    // For a moment everybody waits for the slow one (FL-2).
    relay.clock.advance(500);
    await relay.pump();
  };
  await flood(1.5 * WINDOW - 1);
  expect(relay.all('catching_up')).toEqual([]);
  await flood(1);
  expect(relay.all('catching_up')).toMatchObject([{ clientId: slow, offset: 1.5 * WINDOW }]);

  relay.frames = [];
  await flood(WINDOW);
  expect(addressed(relay)).toEqual([]);
  relay.acknowledge(session, slow, { offset: 1.5 * WINDOW });
  await relay.pump();
  expect(addressed(relay)[0]?.[0]).toBe(1.5 * WINDOW);
  expect(relay.all('catching_up')).toHaveLength(1);
});

it('IN-5: of the replies to queries those of the driver alone reach the program; the others count as typed', () => {
  const { relay, session } = printed(0);
  const [driver, other] = [randomUUID(), randomUUID()];
  for (const a of [driver, other]) relay.attach(session, a, STREAM);
  relay.drive(session, driver);
  const replies = (a: string, text: string) => {
    const frame = inputFrame(session.idBytes, uuidBytes(a), 1, 0, Buffer.from(text), true);
    relay.sessions.frame(FRAME.input, frame);
  };
  replies(other, '1;2c');
  replies(driver, '62;c');
  relay.type(session, other, 4, 'typed');
  expect(relay.terminals[0]?.written).toBe('62;ctyped');
});
