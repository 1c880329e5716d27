// A seeded storm: faults of every kind while two machines flood, viewers watch (fast, slow, asleep), and two of them type. In the end
// every stream has every byte, every screen is the right one, every keystroke arrived once and in order.
import { LIMITS, useLimits } from '@hermit/protocol';
import { seeded } from '@hermit/transport';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionsOf } from '../../services/relay/src/bus/redis-worlds.contract.ts';
import { RedisHouse } from '../services/redis-topologies.ts';
import { TcpProxy } from '../services/tcp-proxy.ts';
import { type RelayPod, startCluster } from './kit/cluster.ts';
import type { NetworkPath } from './kit/network-path.ts';
import { ReferenceTerminal } from './kit/reference.ts';
import { SHORT_LIVES, SHORT_PROBES } from './kit/scene.ts';
import { SHORT } from './kit/short.ts';
import { Talk } from './kit/talk.ts';
import type { TestViewer } from './kit/viewer.ts';
import { until } from './kit/wait.ts';

const SOAK = process.env.HERMIT_SOAK === '1';
const FAULTS = Number(process.env.HERMIT_STORM_FAULTS ?? (SOAK ? 200 : 10));
const SEED = Number(process.env.HERMIT_STORM_SEED ?? Math.floor(seeded(Date.now())() * 1e6));
const PER_SECOND = 2_000;
const SIZE = { cols: 80, rows: 24 };

// Here, and in processes of their own too: what falls silent is found within the storm.
const { pingEvery, deadAfter } = LIMITS;
beforeAll(() => useLimits(SHORT));
afterAll(() => useLimits({ pingEvery, deadAfter }));
const env = { NODE_OPTIONS: `${SHORT_LIVES} ${SHORT_PROBES}` };

type Watch = {
  talk: Talk;
  stream: TestViewer;
  screens: { viewer: TestViewer; paint: ReferenceTerminal }[];
  reference: ReferenceTerminal;
  /** One of the screens. */
  sleeper: TestViewer;
};

test(`${FAULTS} faults, HERMIT_STORM_SEED=${SEED}`, { timeout: SOAK ? 1_800_000 : 150_000 }, async () => {
  process.stdout.write(`      HERMIT_STORM_SEED=${SEED}\n`);
  const random = seeded(SEED);
  const int = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)] as T;

  await using house = new RedisHouse();
  let redis = await house.single();
  await using proxy = await TcpProxy.to(redis.port);
  await using cluster = await startCluster({
    pods: 3,
    bus: `redis://127.0.0.1:${proxy.port}`,
    env: { DRAIN_SECONDS: '2', ...env },
  });
  const agentPaths: NetworkPath[] = [];
  const clientPaths: NetworkPath[] = [];
  const watches: Watch[] = [];
  // So many lines that the programs outlast the faults.
  const lines = Math.ceil((FAULTS * (SOAK ? 1.6 : 1) + 5) * PER_SECOND);

  for (let i = 0; i < 2; i++) {
    const machine = await cluster.addMachine(`flood-${i}`);
    const path = await cluster.path([i]);
    agentPaths.push(path);
    await cluster.startAgent(path.url, machine, env);
    const near = await cluster.path([i]);
    const far = await cluster.path([2]);
    const slow = await cluster.path([(i + 1) % 3], { bytesPerSecond: 60_000, delayMs: 20 });
    clientPaths.push(near, far, slow);
    const typist = cluster.person(near.url);
    const talk = await Talk.start(typist, machine.id, lines, PER_SECOND);
    const stream = typist.look(machine.id, talk.session.id, { mode: 'stream' });
    const reference = new ReferenceTerminal(SIZE);
    stream.onPaint = (painted) => reference.paint(painted);
    const screens = [far, slow, far].map((way) => {
      const viewer = cluster.person(way.url).look(machine.id, talk.session.id, { readOnly: true });
      const paint = new ReferenceTerminal(SIZE);
      viewer.onPaint = (painted) => paint.paint(painted);
      return { viewer, paint };
    });
    await stream.sees('00000100 ');
    const sleeper = screens[2]?.viewer as TestViewer;
    await sleeper.live();
    sleeper.sleep();
    watches.push({ talk, stream, screens, reference, sleeper });
  }

  let typed = 0;
  const typist = setInterval(() => {
    for (const { talk, stream } of watches)
      if (stream.attachment.inputRoom > 1_000) talk.type(stream, `key ${typed++} `);
  }, 40);
  cluster.stack.defer(() => clearInterval(typist));

  const admin = () => new Redis(redis.url, { lazyConnect: true, retryStrategy: () => null });
  const command = async (...words: [string, ...string[]]) => {
    const client = admin();
    client.on('error', () => {});
    await client
      .connect()
      .then(() => client.call(...words))
      .catch(() => {});
    client.disconnect();
  };
  /** What has to happen later, so that the storm goes on meanwhile. */
  const healing: Promise<unknown>[] = [];
  const later = (ms: number, heal: () => unknown) =>
    healing.push(new Promise((done) => setTimeout(done, ms)).then(heal));
  const busy = new Set<RelayPod>();
  const idle = () => cluster.pods.filter((pod) => !busy.has(pod));
  const withPod = (run: (pod: RelayPod) => Promise<void>) => {
    // One pod is left standing, or there would be nobody to move to.
    if (idle().length < 2) return;
    const pod = pick(idle());
    busy.add(pod);
    healing.push(run(pod).finally(() => busy.delete(pod)));
  };
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
  let restarting = false;
  const changed = new Set<NetworkPath>();

  const faults: Record<string, () => void> = {
    'client cut': () => pick(clientPaths).cut(),
    'client away': () => {
      const path = pick(clientPaths);
      path.offline();
      later(int(200, 4_000), () => path.online());
    },
    'client silent': () => pick(clientPaths).silenceOpen(),
    'agent silent': () => pick(agentPaths).silenceOpen(),
    'the way changes': () => {
      const path = pick([...clientPaths, ...agentPaths]);
      if (changed.has(path)) return;
      changed.add(path);
      const before = path.conditions;
      path.conditions = { delayMs: int(0, 80), bytesPerSecond: int(150, 600) * 1_000 };
      later(int(500, 3_000), () => {
        path.conditions = before;
        changed.delete(path);
      });
    },
    'agent cut': () => pick(agentPaths).cut(),
    'agent away': () => {
      const path = pick(agentPaths);
      path.offline();
      later(int(200, 2_000), () => path.online());
    },
    'pod killed': () => withPod((pod) => pod.restart()),
    'pod drained': () =>
      withPod(async (pod) => {
        pod.kill('SIGTERM');
        await pod.process.end();
        await pod.restart();
      }),
    'pod frozen': () =>
      withPod(async (pod) => {
        pod.kill('SIGSTOP');
        await pause(int(300, 5_000));
        pod.kill('SIGCONT');
      }),
    'Redis drops subscribers': () => void command('CLIENT', 'KILL', 'TYPE', 'pubsub'),
    'Redis drops everybody': () => void command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    'subscriptions silent': () => {
      const found = connectionsOf(redis.port, 'subscriber').catch(() => []);
      healing.push(found.then((open) => proxy.silenceOpen(open.map(({ port }) => port))));
    },
    'Redis restarts': () => {
      if (restarting) return;
      restarting = true;
      healing.push(
        redis.process
          .stop('SIGKILL')
          .then(() => house.single({ port: redis.port }))
          .then((started) => {
            redis = started;
            restarting = false;
          }),
      );
    },
  };

  for (let i = 0; i < FAULTS; i++) {
    const name = pick(Object.keys(faults));
    process.stdout.write(`      ${name}\n`);
    faults[name]?.();
    await pause(int(100, 1_500));
  }
  await Promise.all(healing);
  clearInterval(typist);
  for (const { sleeper } of watches) sleeper.wake();

  for (const { talk, stream } of watches) {
    await until('there is room for the last keystroke', () => stream.attachment.inputRoom > 0, 60_000);
    talk.finish(stream);
  }
  for (const { talk, stream, screens, reference } of watches) {
    // The programs of a soak outlast its faults by minutes, on a machine that does nothing else.
    await talk.complete(stream, SOAK ? 400_000 : 90_000);
    for (const { viewer, paint } of screens) {
      await viewer.ended(60_000);
      expect(await paint.screen()).toEqual(await reference.screen());
    }
  }
});
