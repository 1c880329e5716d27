// Time comes from outside, so that the same state machines run on a virtual clock.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds that never go backwards. */
  monotonic(): number;
  after(ms: number, run: () => void): Timer;
  every(ms: number, run: () => void): Timer;
}

/** The real one. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const t = setTimeout(run, ms);
    unref(t);
    return { cancel: () => clearTimeout(t) };
  },
  every(ms, run) {
    const t = setInterval(run, ms);
    unref(t);
    return { cancel: () => clearInterval(t) };
  },
};

function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
