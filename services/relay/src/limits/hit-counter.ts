// How often something has happened within a window of time, for all pods together. Adapters: hit-counter-memory.ts,
// hit-counter-redis.ts.

export type Hits = {
  readonly count: number;
  /** Milliseconds until the count begins anew; 0 when nothing is counted. */
  readonly endsIn: number;
};

/**
 * Contract, held by hit-counter.contract.ts on every adapter: a window begins with its first hit and ends `window`
 * milliseconds later, whatever comes in between; hits of all pods count together. Never rejects: where the common
 * count cannot be reached, each pod counts for itself.
 */
export interface HitCounter {
  hit(key: string, window: number): Promise<Hits>;
  /** Without counting. */
  read(key: string): Promise<Hits>;
  forget(key: string): Promise<void>;
}
