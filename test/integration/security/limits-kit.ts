// What the tests of limits share: where a request comes from, what a refusal looks like, and counts that are nearly full.
import { expect } from 'vitest';
import { digestOf } from '../../../services/relay/src/limits/limiter.ts';
import { RULES, type RuleName } from '../../../services/relay/src/limits/rules.ts';
import { withRedis } from '../../services/redis-topologies.ts';
import type { Answer } from './relay-kit.ts';

/** The proxy that these requests come through, and the client that it tells of. */
export const from = (address: string) => ({ 'x-forwarded-for': address });

let serial = 0;
export const fresh = () => `198.51.${100 + (++serial >> 8)}.${serial & 255}`;

export function refused(answer: Answer<unknown>): void {
  expect(answer).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED', message: expect.any(String) } });
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(3_600);
}

/** As if all had come but `left`: thousands of them would take a minute of their own. One has to have come before. */
export async function leave(left: number, rule: RuleName, who: string): Promise<void> {
  await withRedis(Number(new URL(process.env.TEST_REDIS_URL as string).port || 6379), async (redis) => {
    const [key, ...others] = await redis.keys(`*:limit:${rule}:${digestOf([who])}`);
    expect(others).toEqual([]);
    await redis.incrby(String(key), RULES[rule].most - left - Number(await redis.get(String(key))));
  });
}
