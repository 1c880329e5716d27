// Rules of ownership and of the handover, the pod's side, each tried alone on the real pod: a schedule rarely fails without
// them, since another rule heals what they prevent.
import { ackFrame, CLOSE, LIMITS, uuidBytes } from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLIENT, HandPod, type HeldBus, MACHINE, machineChannel, SESSION, sessionChannel, USER } from './hand-pod.ts';

let hand: HandPod;
let bus: HeldBus;
beforeEach(() => {
  hand = new HandPod();
  bus = hand.bus;
});

const consumed = { offset: 0, snapshot: 0, chunks: 0, ended: false };
const ack = () => ackFrame(uuidBytes(SESSION), uuidBytes(CLIENT), 1, consumed);

describe('OWN-2: a pod whose machine has a greater epoch elsewhere', () => {
  const lost = () => {
    const agent = hand.agent();
    const viewer = hand.client();
    const who = { machineId: MACHINE, userId: USER, name: 'box', agentVersion: 'test', connectedAt: 0 };
    const epoch = hand.epoch + 1;
    hand.presence.claim({ ...who, pod: 'other', epoch, instanceId: CLIENT, lastEpoch: hand.epoch }, () => {});
    hand.clock.advance(LIMITS.machineRenew + 1_000);
    return { agent, viewer };
  };

  it('stops the shortcut, and its viewers hear the session through the bus', () => {
    const { agent, viewer } = lost();
    const before = bus.on(machineChannel).length;
    agent.frames.length = 0;
    viewer.events.binary(ack());
    expect(agent.frames).toHaveLength(0);
    expect(bus.on(machineChannel)).toHaveLength(before + 1);
    expect(bus.subscriptions.has(sessionChannel)).toBe(true);
  });

  it('writes no presence, and carries on for what is in flight before it closes', () => {
    const { agent } = lost();
    const published = bus.published.length;
    agent.says({ type: 'sessions', sessions: [] });
    expect(hand.presence.presenceOf(MACHINE)?.pod).toBe('other');
    expect(bus.published).toHaveLength(published);
    expect(agent.open).toBe(true);
    expect(bus.subscriptions.has(machineChannel)).toBe(true);
    hand.clock.advance(LIMITS.retireGrace);
    expect(agent.open).toBe(false);
    expect(agent.heard('superseded')).toBe(true);
    expect(bus.subscriptions.has(machineChannel)).toBe(false);
  });
});

it('OWN-4: a pod that lets go subscribes for its own viewers, and then asks for the tip', () => {
  const agent = hand.agent();
  hand.client();
  expect(bus.subscriptions.has(sessionChannel)).toBe(false);
  bus.held = [];
  agent.terminate();
  expect(bus.subscriptions.has(sessionChannel)).toBe(true);
  expect(bus.said('tip_request')).toBe(0);
  bus.confirm();
  expect(bus.said('tip_request')).toBe(1);
});

it('OWN-5: `registered` is said once the pod hears the machine', () => {
  bus.held = [];
  const agent = hand.registering();
  expect(bus.subscriptions.has(machineChannel)).toBe(true);
  expect(agent.heard('registered')).toBe(false);
  bus.confirm();
  expect(agent.heard('registered')).toBe(true);
});

it('DRAIN-1: before the fence a pod subscribes for its own viewers; then it stops the shortcut', () => {
  const agent = hand.agent();
  const viewer = hand.client();
  bus.held = [];
  agent.says({ type: 'flush', epoch: hand.epoch + 1 });
  expect(bus.subscriptions.has(sessionChannel)).toBe(true);
  expect(bus.said('fence')).toBe(0);

  agent.frames.length = 0;
  viewer.events.binary(ack());
  expect(agent.frames).toHaveLength(1);

  bus.confirm();
  expect(bus.said('fence')).toBe(1);
  viewer.events.binary(ack());
  expect(agent.frames).toHaveLength(1);
});

it('DRAIN-5: a draining pod asks over a while, closes who is left, and is done once it is empty', () => {
  const agent = hand.agent();
  const client = hand.client();
  let done = false;
  hand.pod.drain(10_000, () => {
    done = true;
  });
  const asked = () => [agent, client].map((socket) => socket.heard('draining'));
  // Each has the same luck here: the middle of the time there is to ask.
  hand.clock.advance(3_000);
  expect(asked()).toEqual([false, false]);
  hand.clock.advance(2_000);
  expect(asked()).toEqual([true, true]);
  client.close(CLOSE.normal.code);
  expect([done, agent.open]).toEqual([false, true]);
  hand.clock.advance(5_000);
  expect([done, agent.open]).toEqual([true, false]);
});
