// What nobody may do to others by way of a pod, each tried alone on the real pod.
import { randomUUID } from 'node:crypto';
import { ackFrame, FRAME, HEADER, inputAckFrame, inputFrame, LIMITS, uuidBytes } from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLIENT, HandPod, LOOK, MACHINE, machineChannel, SESSION, type TestSocket } from './hand-pod.ts';

const session = uuidBytes(SESSION);
const client = uuidBytes(CLIENT);
const ack = ackFrame(session, client, 1, { offset: 0, snapshot: 0, chunks: 0, ended: false });
const inputAck = inputAckFrame(session, client, 1, 0, false);
const input = (length: number) => inputFrame(session, client, 1, 0, new Uint8Array(length), false);

/** A frame with `length` bytes behind it that do not belong there. */
function padded(frame: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(frame.length + length);
  longer.set(frame);
  return longer;
}

let hand: HandPod;
let agent: TestSocket;
const errors = ({ texts }: TestSocket) => texts.flatMap((text) => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? []);
const bytes = ({ frames }: TestSocket) => frames.reduce((sum, { length }) => sum + length, 0);
beforeEach(() => {
  hand = new HandPod();
  agent = hand.agent();
});

describe('whoever may only look', () => {
  it('sends the agent no acknowledgement that is more than one', () => {
    hand.role = 'viewer';
    const viewer = hand.client();
    agent.frames.length = 0;
    viewer.events.binary(padded(ack, 100_000));
    viewer.events.binary(padded(ack, 1));
    expect(errors(viewer)).toEqual(['INVALID_MESSAGE', 'INVALID_MESSAGE']);
    viewer.events.binary(ack);
    expect(agent.frames).toEqual([ack]);
  });
});

describe('whoever types', () => {
  it('sends no more in a frame than is said to be the most', () => {
    const viewer = hand.client();
    agent.frames.length = 0;
    viewer.events.binary(input(LIMITS.inputFrame + 1));
    expect(errors(viewer)).toEqual(['MESSAGE_TOO_LARGE']);
    viewer.events.binary(input(LIMITS.inputFrame));
    expect(agent.frames).toHaveLength(1);
  });

  it('has large frames counted as many', () => {
    const viewer = hand.client();
    agent.frames.length = 0;
    for (let n = 0; n < 200_000 && errors(viewer).length === 0; n++) viewer.events.binary(input(LIMITS.inputFrame));
    expect(errors(viewer)).toEqual(['RATE_LIMITED']);
    expect(bytes(agent)).toBeLessThan(64 * 1024 * 1024);
  });

  it('is not what an agent is cut for that does not read: frames are dropped, and come again (IN-1)', () => {
    const viewer = hand.client();
    agent.frames.length = 0;
    agent.buffered = LIMITS.socketBound + 1;
    viewer.events.binary(input(1));
    expect(hand.pod.machines.send(MACHINE, ack)).toBe(true);
    hand.bus.subscriptions.get(machineChannel)?.(Buffer.from(input(1)), machineChannel);
    expect(agent.frames).toHaveLength(0);
    expect(hand.pod.counters.framesDropped).toBe(3);
    agent.buffered = LIMITS.socketBound;
    viewer.events.binary(input(1));
    expect(agent.frames).toHaveLength(1);
  });

  it('as JSON, has long input sent on in frames of their usual length', () => {
    const viewer = hand.person('json');
    viewer.says(LOOK);
    agent.frames.length = 0;
    const data = Buffer.alloc(5 * LIMITS.inputFrame + 1, 'x').toString('base64');
    viewer.says({ type: 'data', sessionId: SESSION, data });
    const header = HEADER[FRAME.input];
    expect(agent.frames.map(({ length }) => length - header)).toEqual([...Array(5).fill(LIMITS.inputFrame), 1]);
  });
});

it('large texts count as many', () => {
  const viewer = hand.person();
  const large = { type: 'pong', x: 'x'.repeat(LIMITS.message - 100) };
  let heard = 0;
  while (errors(viewer).length === 0 && heard < 400) {
    viewer.says(large);
    heard++;
  }
  expect(errors(viewer)).toEqual(['RATE_LIMITED']);
  expect(heard).toBeLessThan(32);
});

it("an agent fills no viewer's socket with acknowledgements of input (FL-4)", () => {
  const viewer = hand.client();
  viewer.frames.length = 0;
  agent.events.binary(padded(inputAck, 1));
  expect(errors(agent)).toEqual(['INVALID_MESSAGE']);
  viewer.buffered = LIMITS.socketBound + 1;
  agent.events.binary(inputAck);
  expect(viewer.frames).toHaveLength(0);
  expect(hand.pod.counters.framesDropped).toBe(1);
  viewer.buffered = 0;
  agent.events.binary(inputAck);
  expect(viewer.frames).toEqual([inputAck]);
});

describe('attaches', () => {
  it('that repeat what waits for its subscription leave once (INT-1)', () => {
    agent.terminate();
    hand.bus.held = [];
    const viewer = hand.client();
    for (let n = 0; n < 50; n++) viewer.says(LOOK);
    const before = hand.bus.said('attach');
    hand.bus.confirm();
    expect(hand.bus.said('attach')).toBe(before + 1);
    viewer.says(LOOK);
    expect(hand.bus.said('attach')).toBe(before + 2);
  });

  it('that are asked for at once are no more than those asked for one by one', () => {
    hand.held = [];
    const viewer = hand.person();
    for (let n = 0; n <= LIMITS.attachmentsPerSocket; n++)
      viewer.says({ ...LOOK, sessionId: randomUUID(), clientId: randomUUID() });
    hand.answer();
    expect(errors(viewer)).toEqual(['ATTACHMENT_LIMIT']);
    expect(hand.pod.counters.attaches).toBe(LIMITS.attachmentsPerSocket);
  });

  it('of one session by two ids at once: the second is told', () => {
    hand.held = [];
    const viewer = hand.person();
    viewer.says({ ...LOOK, requestId: 'one' });
    viewer.says({ ...LOOK, clientId: randomUUID(), requestId: 'two' });
    hand.answer();
    expect(errors(viewer)).toEqual(['ALREADY_ATTACHED']);
    expect(viewer.texts.at(-1)).toContain('"two"');
  });
});

it('DRAIN-1: a viewer who leaves does not keep the fence of a handover back', () => {
  const viewer = hand.client();
  hand.bus.held = [];
  agent.says({ type: 'flush', epoch: hand.epoch + 1 });
  viewer.says({ type: 'detach', sessionId: SESSION });
  hand.bus.confirm();
  expect(hand.bus.said('fence')).toBe(1);
  expect(hand.pod.machines.here(MACHINE)).toBe(false);
});
