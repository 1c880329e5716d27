// Bad input by the hundred thousand, on both sockets of a pod: always a coded error or a close code from the table, never
// a crash; nothing stays behind, and whoever behaves feels nothing.
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  CLOSE,
  ERROR_CODES,
  FRAME,
  HermitError,
  LIMITS,
  outputFrame,
  parserOf,
  RelayToAgent,
  RelayToClient,
  uuidBytes,
} from '@hermit/protocol';
import type { Clock, Socket, SocketEvents } from '@hermit/transport';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BusHub } from '../../../services/relay/src/bus/bus-memory.ts';
import { MemoryPresence } from '../../../services/relay/src/presence/presence-memory.ts';
import { redisNames } from '../../../services/relay/src/redis/redis-names.ts';
import type { Directory } from '../../../services/relay/src/relay/directory.ts';
import { Pod } from '../../../services/relay/src/relay/pod.ts';
import { fromAgent, fromClient, type Input } from './bad-input.ts';

const TOTAL = process.env.HERMIT_SOAK ? 5_000_000 : 100_000;
/** Inputs on one socket. */
const EACH = 20;
const SEED = Number(process.env.HERMIT_FUZZ_SEED ?? Date.now() % 2 ** 31);

const id = (n: number) => `0b1d8a0e-7c58-4a5e-9a44-${n.toString(16).padStart(12, '0')}`;
const [USER, MACHINE, BAD_MACHINE, SESSION, CLIENT, POD_SESSION] = [1, 2, 3, 4, 5, 6].map(id) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const CODES = new Set<number>(Object.values(CLOSE).map(({ code }) => code));

/** Time stands still until it is moved; what waits for it must not pile up. */
class StillClock implements Clock {
  private readonly timers = new Set<{ at: number; run: () => void; every: number }>();
  private elapsed = 0;
  now = () => 1_700_000_000_000 + this.elapsed;
  monotonic = () => this.elapsed;
  after = (ms: number, run: () => void) => this.wait(ms, run, 0);
  every = (ms: number, run: () => void) => this.wait(ms, run, ms);

  get waiting(): number {
    return this.timers.size;
  }

  private wait(ms: number, run: () => void, every: number) {
    const timer = { at: this.elapsed + ms, run, every };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  advance(ms: number): void {
    const end = this.elapsed + ms;
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.elapsed = Math.max(this.elapsed, due.at);
      if (due.every > 0) due.at += due.every;
      else this.timers.delete(due);
      due.run();
    }
    this.elapsed = end;
  }
}

class FakeSocket implements Socket {
  events: SocketEvents = { text() {}, binary() {}, close() {} };
  open = true;
  buffered = 0;
  readonly texts: string[] = [];
  readonly frames: Uint8Array[] = [];
  closed: number | null = null;
  sendText(message: string): void {
    if (this.open) this.texts.push(message);
  }
  sendBinary(message: Uint8Array): void {
    if (this.open) this.frames.push(message);
  }
  whenBelow(): void {}
  close(code: number): void {
    this.closed ??= code;
    this.open = false;
  }
  terminate(): void {
    this.open = false;
  }
  say(input: Input | object): void {
    if (input instanceof Uint8Array) this.events.binary(input);
    else this.events.text(typeof input === 'string' ? input : JSON.stringify(input));
  }
  gone(): void {
    this.open = false;
    this.events.close(1006, '');
  }
}

/** Answers at once, as soon as it may: everything is this user's. */
const directory: Directory = {
  client: (token, done) =>
    later(() =>
      done(
        token === 'good'
          ? { userId: USER, email: 'u@example.org', loginId: null, expiresAt: 1_800_000_000_000 }
          : new HermitError('INVALID_TOKEN'),
      ),
    ),
  still: (_who, done) => later(() => done(null)),
  agent: (token, name, done) =>
    later(() =>
      done(
        token === 'good' || token === 'bad'
          ? { machineId: token === 'good' ? MACHINE : BAD_MACHINE, userId: USER, name: name ?? 'box' }
          : new HermitError('INVALID_TOKEN'),
      ),
    ),
  machines: (_user, done) => later(() => done([])),
  role: (_user, machineId, _session, done) =>
    later(() => done([MACHINE, BAD_MACHINE].includes(machineId) ? 'owner' : new HermitError('MACHINE_NOT_FOUND'))),
  online: (machines, done) => later(() => done(new Set(machines))),
  seen() {},
};
const later = (run: () => void) => queueMicrotask(run);

const known = { uuids: [USER, MACHINE, BAD_MACHINE, SESSION, CLIENT, POD_SESSION], tokens: ['good', 'bad'] };
/** Who has the token of a machine may take it over: that is no bad input. */
const strange = { ...known, tokens: ['bad'] };
const parsers = { client: parserOf(RelayToClient), agent: parserOf(RelayToAgent) };

let unhandled: unknown[];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
});

function startPod() {
  const clock = new StillClock();
  let serial = 0;
  const pod = new Pod({
    ...{ id: 'pod', version: 'test', bus: new BusHub().join(), presence: new MemoryPresence({ clock }), directory },
    ...{ names: redisNames('t:'), clock, random: () => 0.5, newId: () => id(1_000_000 + serial++), log() {} },
  });
  pod.start();
  const agent = new FakeSocket();
  pod.acceptAgent(agent);
  const viewer = new FakeSocket();
  pod.acceptClient(viewer);
  return { pod, clock, agent, viewer };
}

const register = (token: string, epoch: number) => ({
  ...{ type: 'register', machineName: 'box', token, protocol: 1, epoch, lastEpoch: 0, instanceId: id(epoch + 99) },
  agentVersion: 'test',
});
const attach = (machineId: string) => ({ type: 'attach', machineId, sessionId: SESSION, clientId: CLIENT, attempt: 1 });

/** A machine and a viewer that behave, beside all that follows. */
async function bystanders({ agent, viewer }: ReturnType<typeof startPod>) {
  agent.say(register('good', 1));
  await turn();
  agent.say({ type: 'current', interest: [] });
  viewer.say({ type: 'auth', token: 'good' });
  await turn();
  viewer.say({ ...attach(MACHINE), mode: 'stream' });
  await turn();
  const ref = { sessionId: SESSION, clientId: CLIENT, attempt: 1 };
  const view = { cols: 80, rows: 24, sizePolicy: 'latest', driver: null, end: 0 };
  agent.say({ type: 'attached', ...ref, inputOffset: 0, readOnly: false, ...view, first: 0 });
  agent.say({ type: 'live', ...ref, round: 0, marker: 1, offset: 0 });
  agent.say({ type: 'tip', sessionId: SESSION, ...view, positions: {} });
  await turn();
}

function answersFit(socket: FakeSocket, side: 'client' | 'agent'): void {
  for (const text of socket.texts) {
    const m = parsers[side](text);
    if (m.type === 'error' && !(m.code in ERROR_CODES)) throw new Error(`an unknown code: ${text}`);
  }
  if (socket.closed !== null && !CODES.has(socket.closed)) throw new Error(`closed with ${socket.closed}`);
}

const collect = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();
const heap = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

type Door = { side: 'client' | 'agent'; enter: (socket: FakeSocket) => Promise<void> };
const DOORS: Record<string, Door> = {
  'a client that has not authenticated': { side: 'client', enter: async () => {} },
  'a client that is attached': {
    side: 'client',
    enter: async (socket) => {
      socket.say({ type: 'auth', token: 'good' });
      await turn();
      socket.say({ ...attach(MACHINE), clientId: POD_SESSION });
    },
  },
  'a client that has chosen JSON': {
    side: 'client',
    enter: async (socket) => {
      socket.say({ type: 'auth', token: 'good', encoding: 'json' });
      await turn();
      socket.say({ ...attach(BAD_MACHINE), clientId: POD_SESSION });
    },
  },
  'an agent that has not registered': { side: 'agent', enter: async () => {} },
  'an agent that has registered': {
    side: 'agent',
    enter: async (socket) => {
      socket.say(register('bad', ++epoch));
      await turn();
      socket.say({ type: 'current', interest: [SESSION] });
    },
  },
};
let epoch = 10;

it.each(Object.entries(DOORS))(
  'from %s harms nobody',
  async (name, { side, enter }) => {
    const world = startPod();
    const { pod, clock, agent, viewer } = world;
    await bystanders(world);
    const counts = () => ({
      ...{
        clients: pod.clients.size,
        agents: pod.agents.size,
        strangers: pod.strangers.size,
        machines: pod.machines.owned.size,
      },
      timers: clock.waiting,
    });
    const before = counts();
    const heapBefore = heap();
    const inputs = side === 'client' ? fromClient(known) : fromAgent(strange);
    const numRuns = Math.ceil(TOTAL / EACH / Object.keys(DOORS).length);

    await fc.assert(
      fc.asyncProperty(fc.array(inputs, { minLength: EACH, maxLength: EACH }), async (all) => {
        const socket = new FakeSocket();
        if (side === 'client') pod.acceptClient(socket);
        else pod.acceptAgent(socket);
        await enter(socket);
        // A refusal too many closes the socket: more come through another one.
        for (const input of all) socket.say(input);
        await turn();
        answersFit(socket, side);
        socket.gone();
        await turn();
        if (socket.closed === null && side === 'client') {
          const said = socket.texts.some((text) => text.includes('"error"') || text.includes('"pong"'));
          if (!said) throw new Error(`${all.length} inputs, and no answer at all`);
        }
      }),
      { numRuns, seed: SEED, endOnFailure: true },
    );
    process.stdout.write(`      ${name}: ${numRuns * EACH} inputs, seed ${SEED} (HERMIT_FUZZ_SEED)\n`);

    // Questions to a machine that nobody answered have a deadline.
    clock.advance(LIMITS.request + 1_000);
    await turn();
    expect(unhandled).toEqual([]);
    // Presence remembers the greatest epoch of a machine, and the machine is the same: nothing else stays.
    const after = counts();
    expect(after).toEqual({ ...before, timers: after.timers });
    expect(after.timers).toBeLessThanOrEqual(before.timers + 4);
    expect(viewer.closed).toBeNull();
    expect(agent.closed).toBeNull();
    viewer.frames.length = 0;
    agent.say(outputFrame(uuidBytes(SESSION), 0, { cols: 80, rows: 24 }, 5, null).fill(0x68, -5));
    await turn();
    expect(viewer.frames.map((frame) => frame[0])).toEqual([FRAME.output]);
    viewer.texts.length = agent.texts.length = 0;
    viewer.frames.length = agent.frames.length = 0;
    const grown = (heap() - heapBefore) / 2 ** 20;
    process.stdout.write(`      ${name}: the heap has grown by ${grown.toFixed(1)} MiB\n`);
    // 20,000 inputs that each left 400 bytes behind would show.
    expect(grown).toBeLessThan(8);
  },
  process.env.HERMIT_SOAK ? 3_600_000 : 60_000,
);
