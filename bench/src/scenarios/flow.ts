// Reads from a timeline of arrivals when a flow that had stopped went on.

/** At a steady rate bytes come every few milliseconds: a silence longer than this is a standstill. */
export const GAP_MS = 250;

/**
 * The end of the last standstill after `releasedAt`: what was buffered on the way may come at once
 * and be followed by another silence. The first arrival when there was none; undefined when nothing came.
 */
export function flowsAgainAt(timeline: readonly (readonly [at: number, bytes: number])[], releasedAt: number) {
  let again: number | undefined;
  for (const [index, [at]] of timeline.entries()) {
    if (at <= releasedAt) continue;
    const before = timeline[index - 1]?.[0] ?? at;
    if (again === undefined || at - before > GAP_MS) again = at;
  }
  return again;
}
