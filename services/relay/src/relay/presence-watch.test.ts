// Who notices that a machine's lease ended without a word: once, and only for what clients were told to be online.
import { randomUUID } from 'node:crypto';
import type { MachineInfo } from '@hermit/protocol';
import { beforeEach, expect, it } from 'vitest';
import type { Directory } from './directory.ts';
import { PresenceWatch } from './presence-watch.ts';

let look: () => void;
let waits: number[];
let gone: MachineInfo[];
/** What the directory answers of every machine, when it is asked. */
let online: boolean | null;
let asked: (() => void)[];
let watch: PresenceWatch;
let cancelled: number;

beforeEach(() => {
  [waits, gone, asked, online, cancelled] = [[], [], [], true, 0];
  const after = (ms: number, run: () => void) => {
    waits.push(ms);
    look = run;
    return { cancel: () => void cancelled++ };
  };
  const clock = { now: () => 0, monotonic: () => 0, after, every: after };
  const directory = {
    online: (ids: string[], done: (online: Set<string> | null) => void) =>
      void asked.push(() => done(online === null ? null : new Set(online ? ids : []))),
  } as unknown as Directory;
  watch = new PresenceWatch(
    clock,
    () => 0.5,
    directory,
    (machine) => gone.push(machine),
  );
});

const machine = (over: Partial<MachineInfo> = {}): MachineInfo => ({
  ...{ id: randomUUID(), name: 'box', online: true, lastSeen: 5, sessionCount: 3, ...over },
});
const answer = () => {
  for (const each of asked.splice(0)) each();
};

it('a machine whose lease has ended is told, once', () => {
  const box = machine();
  watch.told(box);
  look();
  answer();
  expect(gone).toEqual([]);
  online = false;
  look();
  answer();
  look();
  expect(asked, 'it is not asked for again').toEqual([]);
  expect(gone).toEqual([{ ...box, online: false, sessionCount: 0 }]);
});

it('all machines are asked for in one question', () => {
  for (let n = 0; n < 5; n++) watch.told(machine());
  online = false;
  look();
  expect(asked).toHaveLength(1);
  answer();
  expect(gone).toHaveLength(5);
});

it('nobody is told while nobody can tell', () => {
  online = null;
  watch.told(machine());
  look();
  answer();
  expect(gone).toEqual([]);
});

it('an answer that was overtaken by news counts no more', () => {
  const box = machine();
  online = false;
  watch.told(box);
  look();
  watch.told({ ...box, lastSeen: 9 });
  answer();
  expect(gone).toEqual([]);
});

it('what is offline, or was told to be, is not watched', () => {
  const box = machine();
  watch.told(machine({ online: false }));
  watch.told(box);
  watch.told({ ...box, online: false });
  look();
  expect(asked).toEqual([]);
});

it('looks again and again with jitter, until it is stopped', () => {
  look();
  expect(waits).toEqual([5_000, 5_000]);
  watch.told(machine());
  watch.stop();
  expect(cancelled).toBe(1);
  look();
  expect(asked).toEqual([]);
});
