// Holds the rules: counts, and refuses with RATE_LIMITED what is too much.
import { createHash } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import type { HitCounter, Hits } from './hit-counter.ts';
import { RULES, type RuleName } from './rules.ts';

export type Limiter = {
  /** Counts one more for `who`. Throws RATE_LIMITED, with `retryAfterSeconds` in its details, beyond the rule. */
  take(rule: RuleName, ...who: string[]): Promise<void>;
  /** Counts one more, whatever it comes to: `check` looks at it. */
  note(rule: RuleName, ...who: string[]): Promise<void>;
  /** Begins anew. */
  forget(rule: RuleName, ...who: string[]): Promise<void>;
  /** Throws RATE_LIMITED once as many as the rule allows have been counted. */
  check(rule: RuleName, ...who: string[]): Promise<void>;
};

type LimiterOptions = {
  counter: HitCounter;
  /** How many times the rules' numbers; 0: no limits. */
  times: number;
};

export function createLimiter({ counter, times }: LimiterOptions): Limiter {
  if (times === 0) return UNLIMITED;
  const most = (rule: RuleName) => RULES[rule].most * times;
  return {
    async take(rule, ...who) {
      const hits = await counter.hit(keyOf(rule, who), RULES[rule].within);
      if (hits.count > most(rule)) throw tooMany(hits);
    },
    async note(rule, ...who) {
      await counter.hit(keyOf(rule, who), RULES[rule].within);
    },
    forget: (rule, ...who) => counter.forget(keyOf(rule, who)),
    async check(rule, ...who) {
      const hits = await counter.read(keyOf(rule, who));
      if (hits.count >= most(rule)) throw tooMany(hits);
    },
  };
}

const nothing = async () => {};
export const UNLIMITED: Limiter = { take: nothing, note: nothing, forget: nothing, check: nothing };

/** What is counted is nobody's business: an address or an e-mail address is not to be read in Redis. */
function keyOf(rule: RuleName, who: readonly string[]): string {
  return `${rule}:${digestOf(who)}`;
}

export function digestOf(who: readonly string[]): string {
  return createHash('sha256').update(who.join('\0').toLowerCase()).digest('base64url').slice(0, 22);
}

export function tooMany({ endsIn }: Pick<Hits, 'endsIn'>): HermitError {
  const retryAfterSeconds = Math.max(1, Math.ceil(endsIn / 1000));
  const when = retryAfterSeconds < 120 ? `${retryAfterSeconds} s` : `${Math.ceil(retryAfterSeconds / 60)} minutes`;
  return new HermitError('RATE_LIMITED', `Too many requests; try again in ${when}.`, { retryAfterSeconds });
}
