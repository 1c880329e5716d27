// Whether the database answers; and what is made up for when it does again, where others were trusted meanwhile.
import { HermitError } from '@hermit/protocol';

/** What a pod remembers is good for so long of one outage: as long as an access token. Milliseconds. */
const TRUST = 15 * 60_000;
/** How often a database that is away is asked whether it is back; milliseconds. */
const EVERY = 5_000;

export type OutageOptions = {
  /** The cheapest question there is. */
  probe: () => Promise<unknown>;
  /** The database answers again, after somebody was trusted without it. */
  restored?: () => void;
  /** Milliseconds that never go backwards. */
  monotonic?: () => number;
};

export function createOutage({ probe, restored = () => {}, monotonic = () => performance.now() }: OutageOptions) {
  /** When a question was first not answered, with none answered since. */
  let since: number | null = null;
  let trusting = false;
  const timer = setInterval(() => {
    if (since !== null) ask(probe(), EVERY).catch(() => {});
    else if (trusting) {
      trusting = false;
      restored();
    }
  }, EVERY);
  timer.unref();

  /** Rejects as the question does, or with UNAVAILABLE after `patience` milliseconds. */
  async function ask<T>(question: Promise<T>, patience: number): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const waiting = setTimeout(() => reject(new HermitError('UNAVAILABLE')), patience);
    try {
      const answer = await Promise.race([question, late]);
      since = null;
      return answer;
    } catch (error) {
      if (error instanceof HermitError && error.code === 'UNAVAILABLE') since ??= monotonic();
      else since = null;
      throw error;
    } finally {
      clearTimeout(waiting);
    }
  }

  return {
    ask,

    get away(): boolean {
      return since !== null;
    },

    /** It has been away for longer than anything but it is to be trusted. */
    get long(): boolean {
      return since !== null && monotonic() - since >= TRUST;
    },

    /** Somebody was let in without it. */
    trusted(): void {
      trusting = true;
    },

    close(): void {
      clearInterval(timer);
    },
  };
}
