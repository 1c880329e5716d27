// CPU seconds and memory of a contestant's parts between two moments.
import { setTimeout as delay } from 'node:timers/promises';
import type { Memory, Part } from './usage.ts';

/** The pods and Redis: what the operator pays for. */
export function isServer(part: Part): boolean {
  return part.role.startsWith('pod-') || part.role === 'redis';
}

export class CpuMeter {
  private readonly parts: readonly Part[];
  private readonly before: number[];

  private constructor(parts: readonly Part[], before: number[]) {
    this.parts = parts;
    this.before = before;
  }

  static async start(parts: readonly Part[]): Promise<CpuMeter> {
    return new CpuMeter(parts, await Promise.all(parts.map((part) => part.cpuSeconds())));
  }

  /** CPU milliseconds by role since the start, and `server` for pods and Redis together. */
  async read(): Promise<Record<string, number>> {
    const after = await Promise.all(this.parts.map((part) => part.cpuSeconds()));
    const used: Record<string, number> = {};
    let server = 0;
    for (const [index, part] of this.parts.entries()) {
      const ms = ((after[index] ?? 0) - (this.before[index] ?? 0)) * 1000;
      used[part.role] = (used[part.role] ?? 0) + ms;
      if (isServer(part)) server += ms;
    }
    if (this.parts.some(isServer)) used.server = server;
    return used;
  }
}

/** How long what is under way has to end, and buffers to be given back: Redis looks at them now and then. */
const SETTLE_MS = 1_000;
/** The same between two collections. */
const AGAIN_MS = 300;

/** Memory of all parts, by role. Twice, for what the first collection only made collectable. */
export async function settledMemory(parts: readonly Part[]): Promise<(which: (part: Part) => boolean) => Memory> {
  await delay(SETTLE_MS);
  await Promise.all(parts.map((part) => part.memory()));
  await delay(AGAIN_MS);
  const memories = await Promise.all(parts.map(async (part) => ({ part, ...(await part.memory()) })));
  return (which) =>
    memories
      .filter(({ part }) => which(part))
      .reduce((sum, one) => ({ live: sum.live + one.live, rss: sum.rss + one.rss }), { live: 0, rss: 0 });
}
