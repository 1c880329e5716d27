// A light agent with one session, which sends a file in frames of a given size, without a PTY.
import { readFileSync } from 'node:fs';
import { within } from './deadline.ts';
import type { LightAgent, LightSession, SessionRef } from './driver.ts';
import { lightAgentDriver } from './loaded-driver.ts';
import type { LoadOrders } from './orders.ts';

const READY_MS = 15_000;
/** Without credit for so long, bytes were lost: the viewer's receipt says how many. */
const STUCK_MS = 3_000;
/** Frames sent without letting the event loop turn. */
const BURST = 16;

let agent: LightAgent | undefined;
let session: LightSession | undefined;
let credits = 0;
let onCredit: () => void = () => undefined;

export const feeder = {
  async open(order: LoadOrders['feed-open']['order']): Promise<{ ref: SessionRef }> {
    const driver = await lightAgentDriver(order.agents);
    const registered = new Promise<void>((resolve) => {
      agent = driver.connect(order.agents.options, 0, { registered: resolve, lost: () => undefined });
    });
    await within(READY_MS, 'Registering the feeder', registered);
    session = await agent?.session?.((bytes) => {
      credits += bytes.length;
      onCredit();
    });
    if (!session) throw new Error('These light agents feed nothing.');
    return { ref: session.ref };
  },

  /** The viewer's credit comes back as keystrokes, through the contestant itself: a window end to end. */
  async run(order: LoadOrders['feed-run']['order']): Promise<undefined> {
    const content = readFileSync(order.file);
    credits = 0;
    let sent = 0;
    while (sent < order.bytes) {
      const room = credits * order.creditEvery + order.windowBytes - sent;
      if (room < order.frameBytes) {
        if (!(await nextCredit())) return undefined;
        continue;
      }
      for (let frame = 0; frame < BURST && sent < order.bytes; frame++) {
        const at = sent % content.length;
        const length = Math.min(order.frameBytes, content.length - at, order.bytes - sent);
        session?.feed(content.subarray(at, at + length));
        sent += length;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return undefined;
  },

  async close(): Promise<undefined> {
    agent?.close();
    agent = undefined;
    session = undefined;
    return undefined;
  },
};

/** False when none came in time. */
function nextCredit(): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), STUCK_MS);
    onCredit = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}
