// Limits by address on HTTP routes, upgrades of WebSockets included: a route names its rule, and is counted by it.
import rateLimit, {
  type FastifyRateLimitStore,
  type FastifyRateLimitStoreCtor,
  normalizeIP,
} from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HitCounter } from './hit-counter.ts';
import { digestOf, tooMany } from './limiter.ts';
import { RULES, type RuleName } from './rules.ts';

type RequestLimitsOptions = {
  counter: HitCounter;
  /** How many times the rules' numbers; 0: no limits. */
  times: number;
};

/** Before any route: it sees those that are registered after it. */
export async function limitRequests(app: FastifyInstance, { counter, times }: RequestLimitsOptions): Promise<void> {
  if (times === 0) return;
  class Store implements FastifyRateLimitStore {
    incr(key: string, done: Parameters<FastifyRateLimitStore['incr']>[1], window = 0): void {
      counter.hit(key, window).then(
        ({ count: current, endsIn: ttl }) => done(null, { current, ttl }),
        (error: Error) => done(error),
      );
    }
    child(): Store {
      return this;
    }
  }
  await app.register(rateLimit, {
    global: false,
    store: Store as unknown as FastifyRateLimitStoreCtor,
    keyGenerator: (request) => `${digestOf([addressOf(request)])}:`,
    max: async (request) => RULES[ruleOf(request)].most * times,
    errorResponseBuilder: (_, { ttl }) => tooMany({ endsIn: ttl }),
    // A page with many requests is not told about each.
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
  });
}

/** For a route's `config`. */
export function limited(rule: RuleName) {
  return { rateLimit: { groupId: rule, timeWindow: RULES[rule].within } };
}

/** The address of the caller; of IPv6 the network of 64 bits. */
export function addressOf(request: Pick<FastifyRequest, 'ip'>): string {
  return normalizeIP(request.ip, 64);
}

function ruleOf(request: FastifyRequest): RuleName {
  const { rateLimit: of } = request.routeOptions.config as { rateLimit?: { groupId?: RuleName } };
  return of?.groupId ?? 'anybody';
}
