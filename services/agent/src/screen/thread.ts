// The thread of the emulators: one for all sessions of an agent. Each session with output waiting gets a slice in turn.
import { parentPort } from 'node:worker_threads';
import { Feed } from './feed.ts';
import type { FromThread, ToThread } from './messages.ts';

const port = parentPort;
if (!port) throw new Error('The emulators run in a thread of their own: see worker.ts.');

const feeds = new Map<number, Feed>();
/** Screens with output waiting, in the order of their turns. */
const busy = new Set<number>();
/** What was parsed of screens that have more waiting is told after so many bytes: each message wakes the agent. */
const TELL_PARSED = 1024 * 1024;
const told = new Map<number, number>();
let scheduled = false;
/**
 * So long the end of a flood waits for more of it, milliseconds: a little longer than output is gathered before it comes
 * here. Then it is parsed, so that a snapshot of a quiet session is there at once.
 */
const HELD_FOR = 350;
const held = new Map<number, NodeJS.Timeout>();

let parsedBuffers: SharedArrayBuffer[] = [];

const say = (messages: FromThread[]) => port.postMessage(messages);
const keep = (buffer: ArrayBufferLike) => {
  if (buffer instanceof SharedArrayBuffer) parsedBuffers.push(buffer);
};

port.on('message', (messages: ToThread[]) => {
  for (const m of messages) guarded(m.screen, () => handle(m));
  schedule();
});

function handle(m: ToThread): void {
  if (m.type === 'open') {
    const feed = new Feed(m.size, m.scrollback, { parsed: keep });
    feed.onReply((text) => say([{ type: 'reply', screen: m.screen, text }]));
    feeds.set(m.screen, feed);
    return;
  }
  const feed = feeds.get(m.screen);
  if (!feed) return;
  switch (m.type) {
    case 'write':
      feed.write(m.bytes);
      busy.add(m.screen);
      break;
    case 'resize':
      feed.resize(m.size);
      busy.add(m.screen);
      break;
    case 'answer':
      feed.answer(m.on);
      busy.add(m.screen);
      break;
    case 'snapshot':
      feed.request(m.atLeast, (snapshot) => {
        say([{ type: 'snapshot', screen: m.screen, request: m.request, snapshot }]);
      });
      busy.add(m.screen);
      break;
    case 'close':
      feed.dispose();
      forget(m.screen);
      break;
  }
}

/** One round of slices, then messages again, so that a request overtakes the output of others. */
function schedule(): void {
  if (scheduled || busy.size === 0) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    round();
    schedule();
  });
}

function round(): void {
  const parsed: FromThread[] = [];
  for (const screen of [...busy]) {
    const feed = feeds.get(screen);
    if (!feed) continue;
    guarded(screen, () => {
      if (!feed.step()) {
        busy.delete(screen);
        if (feed.holds) releaseLater(screen, feed);
      }
      const { offset } = feed.emulator;
      const since = offset - (told.get(screen) ?? 0);
      if (since < (busy.has(screen) ? TELL_PARSED : 1)) return;
      told.set(screen, offset);
      parsed.push({ type: 'parsed', screen, offset });
    });
  }
  if (parsed.length === 0) return;
  const buffers = parsedBuffers;
  parsedBuffers = [];
  say(buffers.length > 0 ? [...parsed, { type: 'buffers', buffers }] : parsed);
}

function releaseLater(screen: number, feed: Feed): void {
  clearTimeout(held.get(screen));
  const timer = setTimeout(() => {
    held.delete(screen);
    feed.release();
    busy.add(screen);
    schedule();
  }, HELD_FOR);
  held.set(screen, timer);
}

/** What fails for one session is told, and harms no other. */
function guarded(screen: number, run: () => void): void {
  try {
    run();
  } catch {
    forget(screen);
    say([{ type: 'failed', screen }]);
  }
}

function forget(screen: number): void {
  feeds.delete(screen);
  busy.delete(screen);
  told.delete(screen);
  clearTimeout(held.get(screen));
  held.delete(screen);
}
