// A token bucket: so many at once, and so many each second after that.

/** What all buckets of a kind have in common. */
export type Rate = { readonly burst: number; readonly perSecond: number };

/** Tokens that a message takes: of many times the length that counts as `one`, as many. */
export const costOf = (length: number, one: number): number => Math.max(1, length / one);

/** How much less than nothing may be left: thousands of small costs do not add up exactly. */
const ROUNDING = 1e-6;

export class Bucket {
  private readonly rate: Rate;
  /** When it will be full, if nothing is taken (monotonic milliseconds); what is missing is the time until then. */
  private fullAt = 0;

  constructor(rate: Rate) {
    this.rate = rate;
  }

  /** `now`: monotonic milliseconds; `cost`: tokens that it takes. */
  take(now: number, cost = 1): boolean {
    const { burst, perSecond } = this.rate;
    const fullAt = Math.max(this.fullAt, now) + (cost * 1000) / perSecond;
    if (((fullAt - now) * perSecond) / 1000 > burst + ROUNDING) return false;
    this.fullAt = fullAt;
    return true;
  }
}
