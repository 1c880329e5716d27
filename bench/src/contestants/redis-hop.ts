// The floor of the way between pods: one publish that comes back on a subscription.
import type { Contestant } from './contestant.ts';

export const redisHop: Contestant = {
  name: 'redis-hop',
  what: 'one PUBLISH to one subscription in the same process, Buffers, no PTY',
  abilities: new Set(['echo']),
  underTest: false,
  async start(stage) {
    const module = new URL('./floors/redis-hop-driver.ts', import.meta.url).href;
    const options = { url: await stage.redisUrl('agent', false), namespace: stage.namespace };
    return { parts: [await stage.redisPart()], viewers: { module, options } };
  },
};
