// What the view is handed, and when: bytes may overlap, a painting or a resize stands alone, and order is kept (CU-9).
import { beforeEach, expect, it } from 'vitest';
import { ViewQueue } from './view-queue.ts';

let queue: ViewQueue;
let events: string[];
let dones: Map<string, () => void>;
beforeEach(() => {
  queue = new ViewQueue();
  events = [];
  dones = new Map();
});

const push = (name: string, alone = false, length = 10) =>
  queue.push({
    ...{ length, alone },
    run(done) {
      events.push(`run ${name}`);
      dones.set(name, done);
    },
    consumed: () => events.push(`consumed ${name}`),
  });
const done = (name: string) => dones.get(name)?.();

it('bytes start at once, and are consumed in their order, whatever the order of `done`', () => {
  push('a');
  push('b');
  expect(events).toEqual(['run a', 'run b']);
  done('b');
  expect(events).toHaveLength(2);
  done('a');
  expect(events.slice(2)).toEqual(['consumed a', 'consumed b']);
});

it('what stands alone waits for all before it, and all after it wait', () => {
  push('a');
  push('size', true);
  push('b');
  expect(events).toEqual(['run a']);
  done('a');
  expect(events).toEqual(['run a', 'consumed a', 'run size']);
  done('size');
  expect(events.slice(3)).toEqual(['consumed size', 'run b']);
});

it('counts what is not consumed, and a `done` that is called twice once', () => {
  push('a', false, 3);
  push('b', false, 4);
  expect(queue.pending).toBe(7);
  done('a');
  done('a');
  expect(queue.pending).toBe(4);
  done('b');
  expect(queue.pending).toBe(0);
});

it('nothing starts after it was stopped', () => {
  push('a');
  push('size', true);
  queue.stop();
  push('b');
  done('a');
  expect(events).toEqual(['run a', 'consumed a']);
});
