// CPU seconds and memory of a contestant's parts between two moments.
import type { Part } from './usage.ts';

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

/** How long a process has to give memory back to the system after a collection. */
const SETTLE_MS = 400;

/** Resident bytes after a garbage collection, of the parts that `which` names. */
export async function settledRss(parts: readonly Part[], which: (part: Part) => boolean): Promise<number> {
  const chosen = parts.filter(which);
  // Twice: what the first collection made unreachable by finalisers goes with the second.
  for (let time = 0; time < 2; time++) {
    for (const part of chosen) part.collect();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  const bytes = await Promise.all(chosen.map((part) => part.rssBytes()));
  return bytes.reduce((sum, one) => sum + one, 0);
}
