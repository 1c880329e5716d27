// When what sessions send leaves the socket.
import { randomUUID } from 'node:crypto';
import { inputAckFrame, LIMITS, outputFrame, PROTOCOL_VERSION, uuidBytes } from '@hermit/protocol';
import { type Socket, type SocketEvents, systemClock } from '@hermit/transport';
import { beforeEach, expect, it } from 'vitest';
import type { Session } from '../session/session.ts';
import { Link } from './link.ts';

const ID = uuidBytes(randomUUID());
const output = (length: number) => outputFrame(ID, 0, { cols: 80, rows: 24 }, length, null);
const acknowledgement = inputAckFrame(ID, ID, 1, 0, false);

let link: Link;
/** What happened to the socket, in order: the first byte of frames, and flushes. */
let done: (number | 'flush' | undefined)[];
let later: (() => void)[];
let said: string[];
let relay: Socket;
beforeEach(() => {
  [done, later, said] = [[], [], []];
  let events: SocketEvents | undefined;
  const socket: Socket = {
    ...{ open: true, buffered: 0, whenBelow() {}, close() {}, terminate() {} },
    sendText: (message) => void said.push((JSON.parse(message) as { type: string }).type),
    get events() {
      return events as SocketEvents;
    },
    set events(now) {
      events = now;
    },
    sendBinary: (frame) => void done.push(frame[0]),
    flush: () => void done.push('flush'),
  };
  relay = socket;
  link = new Link({
    ...{ url: 'agent', machineName: 'box', token: 'agent', instanceId: randomUUID(), agentVersion: 'test' },
    ...{ clock: systemClock, random: () => 0.5, defer: (run) => void later.push(run), onState() {} },
    dial: (_url, heard, opened) => {
      socket.events = heard;
      opened(socket);
      return { cancel() {} };
    },
  });
  const nothing = () => {};
  link.sessions = { list: [], attachments: [], interest: [], tipAll: nothing, message: nothing, frame: nothing };
  link.start();
  socket.events.text(
    JSON.stringify({
      type: 'registered',
      success: true,
      protocol: PROTOCOL_VERSION,
      machineId: randomUUID(),
      epoch: 1,
    }),
  );
  done = [];
  for (const run of later.splice(0)) run();
});

/** A session that has so much to send, and an acknowledgement of input that goes before it. */
function session(bytes: number): Session {
  const state = {
    due: Number.NEGATIVE_INFINITY,
    pending: bytes,
    pump() {
      link.frame(acknowledgement);
      link.frame(output(bytes));
      state.pending = 0;
      return bytes;
    },
  };
  return state as unknown as Session;
}

it('says what runs here when the relay asks for it (OWN-7)', () => {
  said = [];
  relay.events.text('{"type":"announce"}');
  expect(said).toEqual(['sessions']);
});

it('what a person waits for leaves at once, with what was sent just before', () => {
  link.wants(session(3));
  expect(done).toEqual([acknowledgement[0], output(3)[0], 'flush']);
});

it('a flood leaves with all that its turn sends', () => {
  link.wants(session(LIMITS.small + 1));
  expect(done).toEqual([]);
  for (const run of later.splice(0)) run();
  expect(done).toEqual([acknowledgement[0], output(3)[0]]);
});

it('what is sent while others wait as well leaves with theirs', () => {
  link.wants(session(LIMITS.small + 1));
  link.wants(session(3));
  for (const run of later.splice(0)) run();
  expect(done).not.toContain('flush');
  expect(done).toHaveLength(4);
});
