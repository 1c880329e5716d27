// Rules of ownership and of the handover, the agent's side, each tried alone on a real link whose pods are the test's.
import { LIMITS, PROTOCOL_VERSION } from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../packages/client/src/kit/virtual-clock.ts';
import { Link, type LinkState } from '../../../services/agent/src/link/link.ts';
import { MACHINE, TestSocket } from './hand-pod.ts';

/** Time that may also go back, as that of a machine whose clock is set. */
class Clock extends VirtualClock {
  back = 0;
  override now = () => this.monotonic() - this.back;
}

/** A pod that says what the test wants. */
class Pod extends TestSocket {
  get epoch(): number {
    const introduction = JSON.parse(this.texts[0] ?? '{}') as { epoch: number };
    return introduction.epoch;
  }

  registers(pod: string): void {
    this.says({ type: 'registered', success: true, ...this.answer, pod });
  }

  refuses(storedEpoch: number): void {
    const error = { code: 'STALE_EPOCH', message: 'There is a greater one.', storedEpoch };
    this.says({ type: 'registered', success: false, ...this.answer, error });
  }

  private get answer() {
    return { protocol: PROTOCOL_VERSION, machineId: MACHINE, epoch: this.epoch };
  }
}

let clock: Clock;
let pods: Pod[];
let state: LinkState;
let link: Link;
beforeEach(() => {
  clock = new Clock();
  pods = [];
  link = new Link({
    ...{ url: 'agent', machineName: 'box', token: 'agent', instanceId: MACHINE, agentVersion: 'test', clock },
    ...{ random: () => 0.5, defer: (run) => run() },
    onState: (now) => {
      state = now;
    },
    dial: (_url, events, opened) => {
      const pod = new Pod();
      pods.push(pod);
      pod.events = events;
      opened(pod);
      return { cancel() {} };
    },
  });
  const nothing = () => {};
  link.sessions = { list: [], attachments: [], interest: [], tipAll: nothing, message: nothing, frame: nothing };
  link.start();
});
const pod = (which: number) => pods[which] as Pod;

const say = () => link.message({ type: 'stats', ptysPaused: 0, pausedMs: 0 });
/** The types of what an agent has said to a pod. */
const heard = (which: number) => pod(which).texts.map((text) => (JSON.parse(text) as { type: string }).type);

it('OWN-1: each attempt has a greater epoch, at least the clock, also when the clock goes back', () => {
  expect(pod(0).epoch).toBeGreaterThanOrEqual(clock.now());
  pod(0).registers('a');
  clock.back = 600_000;
  pod(0).terminate();
  clock.advance(LIMITS.reconnectMin);
  expect(pod(1).epoch).toBeGreaterThan(pod(0).epoch);
  pod(1).terminate();
  clock.back = -600_000;
  clock.advance(LIMITS.reconnectMax);
  expect(pod(2).epoch).toBeGreaterThanOrEqual(clock.now() - LIMITS.reconnectMax);
});

it('OWN-1: a connection is opened only when no other waits for its answer', () => {
  pod(0).registers('a');
  for (let i = 0; i < 2; i++) pod(0).says({ type: 'draining', withinMs: 1_000 });
  expect(pods).toHaveLength(2);
});

it('OWN-6: a refusal names an epoch, and the next attempt is above it', () => {
  const stored = pod(0).epoch + 1_000_000;
  pod(0).refuses(stored);
  clock.advance(LIMITS.reconnectMin);
  expect(pod(1).epoch).toBeGreaterThan(stored);
});

it('OWN-1: an answer that was overtaken is ignored', () => {
  clock.advance(LIMITS.register);
  expect(pod(0).open).toBe(false);
  clock.advance(LIMITS.reconnectMin);
  pod(1).registers('b');
  pod(0).registers('a');
  expect(state).toMatchObject({ state: 'registered', pod: 'b' });
  say();
  expect(heard(1)).toEqual(['register', 'current', 'sessions', 'stats']);
  expect(heard(0)).toEqual(['register']);
  clock.advance(LIMITS.pingEvery / 2);
  expect(pod(1).open).toBe(true);
});

it('OWN-6: who was superseded by another process does not come again; by itself, it does', () => {
  const ends = (which: number, otherInstance: boolean) => {
    pod(which).registers('a');
    pod(which).says({ type: 'superseded', otherInstance });
    pod(which).terminate();
    clock.advance(LIMITS.reconnectMin);
  };
  ends(0, false);
  expect(pods).toHaveLength(2);
  ends(1, true);
  expect(pods).toHaveLength(2);
  expect(state).toMatchObject({ state: 'refused', code: 'SUPERSEDED', final: true });
});

describe('DRAIN-1: from a pod that drains', () => {
  const asks = () => pod(0).says({ type: 'draining', withinMs: 1_000 });
  const passes = (which: number, epoch = pod(1).epoch) => pod(which).says({ type: 'fence_passed', epoch });
  beforeEach(() => {
    pod(0).registers('a');
    asks();
    pod(1).registers('b');
    expect(heard(0).at(-1)).toBe('flush');
    say();
  });
  const stays = () => {
    expect(heard(1)).toEqual(['register']);
    expect(heard(0).at(-1)).toBe('flush');
  };
  const moved = () => {
    expect(heard(1)).toEqual(['register', 'current', 'stats', 'sessions']);
    expect(pod(0).open).toBe(false);
    expect(state).toMatchObject({ state: 'registered', pod: 'b' });
  };

  it.each([
    { first: 0, last: 1 },
    { first: 1, last: 0 },
  ])('an agent moves once its fence has passed both pods, last pod $last', ({ first, last }) => {
    passes(first);
    stays();
    passes(last, pod(0).epoch);
    stays();
    passes(last);
    moved();
  });

  it('it moves after a while whatever has passed', () => {
    clock.advance(LIMITS.fence - 1);
    stays();
    clock.advance(1);
    moved();
  });

  it('it stays if the new connection dies, sends what was held, and tries again', () => {
    pod(1).terminate();
    clock.advance(LIMITS.fence);
    expect(heard(0).at(-1)).toBe('stats');
    expect(pod(0).open).toBe(true);
    clock.advance(LIMITS.reconnectMin);
    expect(pods).toHaveLength(3);
  });

  it('it moves to one other alone, though it is asked again on its way', () => {
    asks();
    expect(pods).toHaveLength(2);
    passes(0);
    asks();
    passes(1);
    moved();
    clock.advance(LIMITS.pingEvery / 2);
    expect(pods).toHaveLength(2);
  });
});
