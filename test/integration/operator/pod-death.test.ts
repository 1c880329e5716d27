// kill -9 of a pod with a thousand machines: presence, dashboards and `hermit presence` are right within one lease, and
// nothing is left after two. Leases are a fifth of the real ones; HERMIT_SOAK=1 takes the real ones.

import { LIMITS } from '@hermit/protocol';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../kit/cluster.ts';
import { preload } from '../kit/programs.ts';
import { until } from '../kit/wait.ts';
import { hermit } from './in-process-hermit.ts';
import { connectAll, type LightMachine, lightMachines } from './light-machines.ts';
import { Prometheus } from './prometheus.ts';

const REAL = Boolean(process.env.HERMIT_SOAK);
const LEASE = REAL ? LIMITS.machineLease : 6_000;
const SHORT = preload('short-leases');
const MACHINES = 1_000;
const BACK = 100;
/** What a busy machine adds to a moment that is looked for. */
const SLACK = 2_500;

vi.setConfig({ testTimeout: 4 * LEASE + 60_000 });

let cluster: Cluster;
let redis: Redis;
let machines: LightMachine[];
let prometheus: Prometheus;

beforeAll(async () => {
  const env = {
    METRICS_PORT: '0',
    LOG_LEVEL: 'info',
    MACHINES_PER_USER: '2000',
    ...(REAL ? {} : { NODE_OPTIONS: SHORT }),
  };
  cluster = await startCluster({ pods: 2, env });
  redis = new Redis(process.env.TEST_REDIS_URL as string);
  const addresses = cluster.pods.map(
    ({ process: { stdout } }) => /"metrics":"http:\/\/([^/"]+)/.exec(stdout)?.[1] as string,
  );
  prometheus = await Prometheus.scraping(addresses);
  machines = await lightMachines(cluster, MACHINES);
  await connectAll(machines, cluster.pod(0));
}, 120_000);

afterAll(async () => {
  for (const machine of machines ?? []) machine[Symbol.dispose]();
  redis?.disconnect();
  await prometheus?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const online = () => redis.zcount(`${cluster.prefix}machines:online`, Date.now(), '+inf');
const podsAlive = () => redis.zrange(`${cluster.prefix}pods`, Date.now(), '+inf', 'BYSCORE');

/** What `hermit presence` counts: pods, machines, and machines on each pod. */
async function presence() {
  const url = process.env.TEST_REDIS_URL as string;
  const { out } = await hermit(['presence', '--json', '--redis', url, '--prefix', cluster.prefix]);
  const fleet = JSON.parse(out) as { pods: { id: string }[]; machines: { pod: string }[] };
  const on = (pod: string) => fleet.machines.filter((machine) => machine.pod === pod).length;
  return { pods: fleet.pods.map(({ id }) => id).sort(), on: [on('pod-0'), on('pod-1')] };
}

async function everyKey(): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${cluster.prefix}*`, 'COUNT', 5_000);
    found.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  return found;
}
/** Epochs outlive their leases on purpose (OWN-1), and limits are no presence. */
const leasesIn = (keys: string[]) => keys.filter((key) => !/:epoch$|^[^:]+:limit:/.test(key));

test('before: all are there, on one pod', async () => {
  await until('they are listed', async () => (await online()) === MACHINES);
  expect(await presence()).toEqual({ pods: ['pod-0', 'pod-1'], on: [MACHINES, 0] });
  await until('Prometheus has seen them', async () => (await prometheus.value('sum(hermit_machines)')) === MACHINES);
});

test('within one lease of kill -9, those are shown who came back, on their new pod, and nobody else', async () => {
  const back = machines.slice(0, BACK);
  cluster.pod(0).kill('SIGKILL');
  const killedAt = performance.now();
  await until('they notice', () => machines.every(({ registeredAt }) => registeredAt === null));
  const passed = () => performance.now() - killedAt;
  const connecting = connectAll(back, cluster.pod(1));

  await until('the pod is gone', async () => (await podsAlive()).join() === 'pod-1', LEASE + SLACK);
  await connecting;
  await until('the others are gone', async () => (await online()) === BACK, Math.max(0, LEASE + SLACK - passed()));
  const shown = await presence();
  expect(shown).toEqual({ pods: ['pod-1'], on: [0, BACK] });
  expect(passed()).toBeLessThan(LEASE + SLACK);
  expect(await prometheus.value('sum(hermit_machines)')).toBe(BACK);
  expect(await prometheus.value('count(up == 0)')).toBe(1);
  type Overview = { pods: { id: string; machines: number }[]; totals: { machines: number } };
  const { body } = await cluster.call<Overview>('GET', '/api/admin/overview');
  expect(body).toMatchObject({ pods: [{ id: 'pod-1', machines: BACK }], totals: { pods: 1, machines: BACK } });
});

test('after two leases no key is left of those who did not come back', async () => {
  const gone = new Set(machines.slice(BACK).map(({ machine }) => machine.id));
  await until(
    'their keys are gone',
    async () => !leasesIn(await everyKey()).some((key) => gone.has(/\{(.+)\}/.exec(key)?.[1] ?? '')),
    LEASE + SLACK,
  );
  await until(
    'the sets have forgotten them',
    async () => (await redis.zcard(`${cluster.prefix}machines:online`)) === BACK,
    LEASE + SLACK,
  );
  expect(await redis.exists(`${cluster.prefix}pod:pod-0`)).toBe(0);
  expect(await redis.zcard(`${cluster.prefix}pods`)).toBe(1);
});

test('after the death of the last pod nothing is left at all, with nobody alive to tidy up', async () => {
  cluster.pod(1).kill('SIGKILL');
  await until('no lease is left', async () => leasesIn(await everyKey()).length === 0, 2 * LEASE + SLACK);
  expect(await presence()).toEqual({ pods: [], on: [0, 0] });
});
