// Redis as it is run in earnest: a master that fails over under its sentinel, and a cluster that moves the machine's slot.
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { hashSlot } from '../../services/relay/src/redis/hash-slot.ts';
import { redisNames } from '../../services/relay/src/redis/redis-names.ts';
import { RedisHouse } from '../services/redis-topologies.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { bound, report } from './kit/measured.ts';
import { Talk } from './kit/talk.ts';
import { until } from './kit/wait.ts';

describe('a viewer on the same pod and one on another', () => {
  const stack: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const part of stack.splice(0).reverse()) await part[Symbol.asyncDispose]();
  });

  async function scene(cluster: Cluster) {
    stack.push(cluster);
    await cluster.startAgent(cluster.pod(0).url);
    const watch = async (place: string, pod: number) => {
      const person = cluster.person(cluster.pod(pod).url);
      const talk = await Talk.start(person, cluster.machine.id, 10_000, 2_000);
      const viewer = person.look(cluster.machine.id, talk.session.id, { mode: 'stream' });
      await viewer.sees('00000200 ');
      viewer.mark();
      return { place, talk, viewer };
    };
    return Promise.all([watch('same pod', 0), watch('other pod', 1)]);
  }

  async function finish(watches: Awaited<ReturnType<typeof scene>>): Promise<void> {
    await Promise.all(
      watches.map(async ({ place, talk, viewer }) => {
        await viewer.sees('00009000 ', 40_000);
        report(`longest pause of the output, ${place}`, [viewer.longestGap], 'ms');
        talk.type(viewer, 'after');
        talk.finish(viewer);
        await talk.complete(viewer, 40_000);
      }),
    );
  }

  test('the master dies, and the sentinel promotes its replica', { timeout: 180_000 }, async () => {
    const house = new RedisHouse();
    stack.push(house);
    const { url, name, master, replica } = await house.sentinel();
    const env = { REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: name };
    const watches = await scene(await startCluster({ pods: 2, bus: url, env }));
    await master.process.stop('SIGKILL');
    for (const { talk, viewer } of watches) talk.type(viewer, 'while nobody is master ');
    const sentinel = new Redis(url);
    stack.push({ [Symbol.asyncDispose]: async () => sentinel.disconnect() });
    // It does nothing for half a minute where the machine has kept it waiting for two seconds.
    const promoted = async () => {
      const [, port] = (await sentinel.call('SENTINEL', 'get-master-addr-by-name', name)) as string[];
      return Number(port) === replica.port;
    };
    await until('the sentinel promotes the replica', promoted, 60_000, 50);
    await finish(watches);
    // Sessions of the same pod do not touch Redis.
    expect(watches[0]?.viewer.longestGap).toBeLessThan(bound(500, 2_000));
  });

  test('a cluster gives the slot of the machine to another master', async () => {
    const house = new RedisHouse();
    stack.push(house);
    const nodes = await house.cluster();
    const cluster = await startCluster({ pods: 2, bus: nodes.urls.join(','), env: { REDIS_MODE: 'cluster' } });
    const watches = await scene(cluster);
    const slot = hashSlot(redisNames(cluster.prefix).machineChannel(cluster.machine.id));
    const owner = await nodes.ownerOf(slot);
    const other = nodes.nodes.find((node) => node !== owner);
    if (!other) throw new Error('a cluster of one');
    // The keys of the machine stand in the slot: they are leases, and are written anew by their owner.
    await nodes.moveSlot(slot, other);
    for (const { talk, viewer } of watches) talk.type(viewer, 'after the move ');
    await finish(watches);
  });
});
