// Redis as it is run in earnest: a master that fails over under its sentinel, and a cluster that moves the machine's slot.
import { afterEach, describe, expect, test } from 'vitest';
import { hashSlot } from '../../services/relay/src/bus/hash-slot.ts';
import { redisNames } from '../../services/relay/src/bus/redis-names.ts';
import { RedisHouse } from '../services/redis-topologies.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { report } from './kit/measured.ts';
import { Talk } from './kit/talk.ts';

describe.each([
  { place: 'same pod', viewerAt: 0 },
  { place: 'other pod', viewerAt: 1 },
])('$place', ({ viewerAt }) => {
  const stack: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const part of stack.splice(0).reverse()) await part[Symbol.asyncDispose]();
  });

  async function scene(cluster: Cluster) {
    stack.push(cluster);
    await cluster.startAgent(cluster.pod(0).url);
    const person = cluster.person(cluster.pod(viewerAt).url);
    const talk = await Talk.start(person, cluster.machine.id, 12_000, 2_000);
    const viewer = person.look(cluster.machine.id, talk.session.id, { mode: 'stream' });
    await viewer.sees('00000200 ');
    viewer.mark();
    return { talk, viewer };
  }

  test('the master dies, and the sentinel promotes its replica', async () => {
    const house = new RedisHouse();
    stack.push(house);
    const { url, name, master } = await house.sentinel();
    const env = { REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: name };
    const { talk, viewer } = await scene(await startCluster({ pods: 2, bus: url, env }));
    await master.process.stop('SIGKILL');
    talk.type(viewer, 'while nobody is master ');
    await viewer.sees('00010000 ', 40_000);
    report('longest pause of the output', [viewer.longestGap], 'ms');
    // Sessions of the same pod do not touch Redis.
    if (viewerAt === 0) expect(viewer.longestGap).toBeLessThan(process.env.HERMIT_SOAK === '1' ? 500 : 3_000);
    talk.type(viewer, 'after');
    talk.finish(viewer);
    await talk.complete(viewer, 60_000);
  });

  test('a cluster gives the slot of the machine to another master', async () => {
    const house = new RedisHouse();
    stack.push(house);
    const nodes = await house.cluster();
    const cluster = await startCluster({ pods: 2, bus: nodes.urls.join(','), env: { REDIS_MODE: 'cluster' } });
    const { talk, viewer } = await scene(cluster);
    const slot = hashSlot(redisNames(cluster.prefix).machineChannel(cluster.machine.id));
    const owner = await nodes.ownerOf(slot);
    const other = nodes.nodes.find((node) => node !== owner);
    if (!other) throw new Error('a cluster of one');
    // The keys of the machine stand in the slot: they are leases, and are written anew by their owner.
    await nodes.moveSlot(slot, other);
    talk.type(viewer, 'after the move ');
    await viewer.sees('00010000 ', 40_000);
    report('longest pause of the output', [viewer.longestGap], 'ms');
    talk.type(viewer, 'and on');
    talk.finish(viewer);
    await talk.complete(viewer, 60_000);
  });
});
