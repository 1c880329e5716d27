// Who drives a session and whose size it has: taken over, given up, and set by policy (SIZE-1, CU-9).

import { randomUUID } from 'node:crypto';
import type { MachineMessage, Size, SizePolicy } from '@hermit/protocol';
import { FRAME, inputFrame, uuidBytes } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { beforeEach, describe, expect, it } from 'vitest';
import { noScreen } from '../screen/no-screen.ts';
import { type Exit, Sessions } from './sessions.ts';

type Told = { type: string; sizePolicy: SizePolicy; driver: string | null; cols: number; rows: number };

const nothing = () => {};
const userId = randomUUID();
const [wide, tall, watcher] = [randomUUID(), randomUUID(), randomUUID()];

let sessions: Sessions;
let sessionId: string;
/** Tips since the last look. */
let tips: Told[];
/** Sizes that the program was told. */
let resizes: Size[];

beforeEach(() => {
  tips = [];
  resizes = [];
  const message = (m: Told) => {
    if (m.type === 'tip') tips.push(m);
  };
  const outlet = { message, reply: nothing, frame: nothing, wants: nothing, changed: nothing, room: 0 };
  sessions = new Sessions(outlet as unknown as Exit, {
    spawn: () => ({
      ...{ pid: 1, unread: 0, onData: nothing, onDrain: nothing, onExit: nothing, write: nothing },
      ...{ pause: nothing, resume: nothing, kill: nothing, resize: (size) => void resizes.push(size) },
    }),
    createScreen: (size, scrollback) => ({
      ...noScreen(size, scrollback),
      snapshot: nothing,
    }),
    clock: { ...systemClock, after: () => ({ cancel: nothing }), every: () => ({ cancel: nothing }) },
    newId: randomUUID,
    defaults: { command: 'sh', args: [], cwd: '/', env: {}, size: { cols: 80, rows: 24 } },
  });
  say({ type: 'start_session', requestId: randomUUID(), pod: 'pod', userId });
  sessionId = String(sessions.list[0]?.id);
  attach(wide, { cols: 120, rows: 20 });
  attach(tall, { cols: 60, rows: 50 });
  attach(watcher, { cols: 10, rows: 5 }, true);
});

const say = (m: Record<string, unknown>) => sessions.message(m as unknown as MachineMessage);
const from = (clientId: string) => ({ sessionId, clientId, attempt: 1 });
function attach(clientId: string, size: Size, readOnly = false): void {
  const order = { pod: 'pod', userId, readOnly, mode: 'stream', from: 0, inputFrom: 0 };
  say({ type: 'attach', ...from(clientId), ...order, ...size });
}
const drive = (clientId: string) => say({ type: 'drive', ...from(clientId) });
const setPolicy = (clientId: string, sizePolicy: SizePolicy, size: Partial<Size> = {}) =>
  say({ type: 'set_size_policy', ...from(clientId), sizePolicy, ...size });
const type = (clientId: string) =>
  sessions.frame(FRAME.input, inputFrame(uuidBytes(sessionId), uuidBytes(clientId), 1, 0, Uint8Array.of(97), false));
/** What everybody was told last; fails when nobody was told anything. */
function told(): Omit<Told, 'type'> {
  const last = tips.at(-1);
  tips = [];
  if (!last) throw new Error('nobody was told');
  const { sizePolicy, driver, cols, rows } = last;
  return { sizePolicy, driver, cols, rows };
}

describe('by `latest`', () => {
  it('who came first has the size and drives, whoever comes to look', () => {
    expect(told()).toEqual({ sizePolicy: 'latest', driver: wide, cols: 120, rows: 20 });
    expect(resizes).toEqual([{ cols: 120, rows: 20 }]);
  });

  it('who types takes both over', () => {
    type(tall);
    expect(told()).toEqual({ sizePolicy: 'latest', driver: tall, cols: 60, rows: 50 });
    expect(resizes.at(-1)).toEqual({ cols: 60, rows: 50 });
  });

  it('who asks to drive takes both over, and who may only watch does not', () => {
    drive(tall);
    expect(told()).toEqual({ sizePolicy: 'latest', driver: tall, cols: 60, rows: 50 });
    drive(watcher);
    expect(tips).toEqual([]);
  });

  it('both go back to who is left', () => {
    drive(tall);
    say({ type: 'detach', ...from(tall) });
    expect(told()).toEqual({ sizePolicy: 'latest', driver: wide, cols: 120, rows: 20 });
  });
});

describe('a policy that is set', () => {
  it('`driver`: the size follows who asks to drive, and not who types', () => {
    setPolicy(wide, 'driver');
    type(tall);
    expect(told()).toEqual({ sizePolicy: 'driver', driver: wide, cols: 120, rows: 20 });
    drive(tall);
    expect(told()).toEqual({ sizePolicy: 'driver', driver: tall, cols: 60, rows: 50 });
  });

  it('`smallest`: both directions of everybody who may type', () => {
    setPolicy(wide, 'smallest');
    expect(told()).toEqual({ sizePolicy: 'smallest', driver: wide, cols: 60, rows: 20 });
    expect(resizes.at(-1)).toEqual({ cols: 60, rows: 20 });
    say({ type: 'resize', ...from(tall), cols: 50, rows: 60 });
    expect(told()).toMatchObject({ cols: 50, rows: 20 });
  });

  it('`fixed` with a size: that one, until it is set anew', () => {
    setPolicy(wide, 'fixed', { cols: 100, rows: 30 });
    expect(told()).toEqual({ sizePolicy: 'fixed', driver: wide, cols: 100, rows: 30 });
    say({ type: 'resize', ...from(wide), cols: 70, rows: 10 });
    drive(tall);
    expect(told()).toEqual({ sizePolicy: 'fixed', driver: tall, cols: 100, rows: 30 });
    setPolicy(tall, 'fixed', { cols: 90, rows: 25 });
    expect(told()).toMatchObject({ cols: 90, rows: 25 });
    expect(sessions.list).toMatchObject([{ sizePolicy: 'fixed', cols: 90, rows: 25 }]);
  });

  it('is not set by who may only watch, nor by an attempt that is over', () => {
    told();
    setPolicy(watcher, 'smallest');
    say({ type: 'set_size_policy', ...from(wide), attempt: 0, sizePolicy: 'smallest' });
    expect(tips).toEqual([]);
    expect(sessions.list).toMatchObject([{ sizePolicy: 'latest', cols: 120, rows: 20 }]);
  });
});
