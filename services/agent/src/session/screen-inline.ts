// A screen whose emulator runs in this very thread, a little at a time, after what else there is to do.
import type { Size } from '@hermit/protocol';
import type { CreateScreen, ScreenSnapshot } from './screen.ts';
import { Emulator } from './screen-emulator.ts';

/** Bytes parsed in one turn of the event loop. */
const TURN = 64 * 1024;

type Work = { bytes: Uint8Array } | { size: Size };

export const createInlineScreen: CreateScreen = (size, scrollback) => {
  const emulator = new Emulator(size, scrollback);
  let work: Work[] = [];
  let asked: { atLeast: number; done: (snapshot: ScreenSnapshot | null) => void }[] = [];
  let backlog = 0;
  let scheduled = false;
  let caughtUp = () => {};

  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  };
  const turn = () => {
    scheduled = false;
    let left = TURN;
    let done = 0;
    for (const item of work) {
      if (left <= 0) break;
      done++;
      if ('size' in item) emulator.resize(item.size);
      else {
        emulator.parse(item.bytes);
        left -= item.bytes.length;
        backlog -= item.bytes.length;
      }
    }
    work = work.slice(done);
    const due = asked.filter((a) => a.atLeast <= emulator.offset);
    asked = asked.filter((a) => a.atLeast > emulator.offset);
    for (const a of due) a.done(emulator.snapshot());
    if (work.length > 0) schedule();
    else caughtUp();
  };

  return {
    get backlog() {
      return backlog;
    },
    write(bytes) {
      work.push({ bytes });
      backlog += bytes.length;
      schedule();
    },
    resize(to) {
      work.push({ size: to });
      schedule();
    },
    onCaughtUp(listener) {
      caughtUp = listener;
    },
    snapshot(atLeast, done) {
      asked.push({ atLeast, done });
      schedule();
    },
    dispose() {
      work = [];
      asked = [];
      emulator.dispose();
    },
  };
};
