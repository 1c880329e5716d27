// What every counter of hits promises, whatever counts.
import { expect, it } from 'vitest';
import { until } from '../../../../test/integration/kit/wait.ts';
import type { HitCounter } from './hit-counter.ts';

/** `pods` gives counters that count together. */
export function holdsCounters(pods: () => Promise<readonly [HitCounter, HitCounter]>): void {
  let serial = 0;
  const key = () => `test:${++serial}`;

  it('counts from one, for each key by itself', async () => {
    const [one] = await pods();
    const [a, b] = [key(), key()];
    expect(await one.hit(a, 60_000)).toMatchObject({ count: 1 });
    expect(await one.hit(a, 60_000)).toMatchObject({ count: 2 });
    expect(await one.hit(b, 60_000)).toMatchObject({ count: 1 });
  });

  it('counts what comes at once on all pods together, each once', async () => {
    const [one, other] = await pods();
    const a = key();
    const hits = await Promise.all(Array.from({ length: 50 }, (_, i) => (i % 2 ? one : other).hit(a, 60_000)));
    expect(hits.map(({ count }) => count).sort((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('begins anew when the window of the first hit is over, whatever came in between', async () => {
    const [one] = await pods();
    const a = key();
    const start = performance.now();
    expect((await one.hit(a, 300)).endsIn).toBeGreaterThan(200);
    await until('the window ends', async () => (await one.hit(a, 300)).count === 1, 2_000);
    expect(performance.now() - start).toBeGreaterThan(290);
    expect(performance.now() - start).toBeLessThan(1_500);
  });

  it('forgets, for all pods', async () => {
    const [one, other] = await pods();
    const a = key();
    for (let i = 0; i < 3; i++) await one.hit(a, 60_000);
    await other.forget(a);
    expect(await one.read(a)).toEqual({ count: 0, endsIn: 0 });
    expect(await one.hit(a, 60_000)).toMatchObject({ count: 1 });
  });

  it('reads without counting', async () => {
    const [one, other] = await pods();
    const a = key();
    expect(await one.read(a)).toEqual({ count: 0, endsIn: 0 });
    await one.hit(a, 60_000);
    for (let i = 0; i < 3; i++) expect(await other.read(a)).toMatchObject({ count: 1 });
    expect((await other.read(a)).endsIn).toBeGreaterThan(50_000);
  });
}
