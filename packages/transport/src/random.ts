// Randomness comes from outside, so that a seed repeats a run.

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** mulberry32: small, fast, good enough for jitter and for tests; not for secrets. */
export function seeded(seed: number): Random {
  let s = Math.imul(seed | 0, 2654435761) >>> 0 || 1;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
