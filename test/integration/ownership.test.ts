// One machine, one owner: a rolling restart that nobody notices, a pod that sleeps and wakes, two agents with one token.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { redisNames } from '../../services/relay/src/redis/redis-names.ts';
import { type Cluster, type Machine, startCluster } from './kit/cluster.ts';
import { HermitProcess } from './kit/hermit-process.ts';
import { bound, report, QUIET as SOAK } from './kit/measured.ts';
import { Talk } from './kit/talk.ts';
import type { Person } from './kit/viewer.ts';
import { until } from './kit/wait.ts';

let cluster: Cluster;
/** The machine of one test. */
let machine: Machine;

beforeAll(async () => {
  cluster = await startCluster({ pods: 3, env: { DRAIN_SECONDS: '2' } });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());
beforeEach(async ({ task }) => {
  machine = await cluster.addMachine(`box-${task.id.replaceAll(/\W/g, '').slice(-20)}`);
});

/** The pod that presence names, as a dashboard reads it. */
async function ownerOf(redis: Redis): Promise<string | null> {
  return redis.hget(redisNames(cluster.prefix).machine(machine.id), 'pod');
}

const percentile = (values: number[], p: number) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))] as number;

test('three pods restart one after the other under load: no reconnect, no replay, and keys are echoed at once', {
  timeout: 120_000,
}, async () => {
  const agentPath = await cluster.path([0, 1, 2]);
  await cluster.startAgent(agentPath.url, machine);
  // One begins on the agent's pod, one on another.
  const paths = [await cluster.path([0, 1, 2]), await cluster.path([2, 1, 0])];
  const [near, far] = paths.map((path) => cluster.person(path.url)) as [Person, Person];

  const talk = await Talk.start(far, machine.id, 20_000, 2_000);
  const flood = far.look(machine.id, talk.session.id, { mode: 'stream' });
  await flood.sees('00000100 ');
  let going = true;
  /** In a session of their own, whose terminal echoes each key. */
  const types = async (person: Person) => {
    const shell = await person.start(machine.id, { command: 'cat' });
    const typing = person.look(machine.id, shell.id, { mode: 'stream' });
    await typing.live();
    const stalls: number[] = [];
    const run = (async () => {
      while (going) {
        const before = typing.bytes;
        const at = performance.now();
        typing.type(String.fromCharCode(97 + (stalls.length % 26)));
        await until('the key is echoed', () => typing.bytes > before);
        stalls.push(performance.now() - at);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    return { person, typing, stalls, run };
  };
  const typists = [await types(near), await types(far)];

  for (const pod of cluster.pods) {
    pod.kill('SIGTERM');
    expect(await pod.process.end()).toBe(0);
    await pod.restart();
  }
  going = false;
  for (const { person, typing, stalls, run } of typists) {
    await run;
    typing.type('\r\u0004');
    await typing.ended();
    const keys = Array.from(stalls, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    expect(typing.tail).toBe(`${keys}\r\n${keys}\r\n`);
    expect(person.states).not.toContain('reconnecting');
    expect(typing.attachment.reattached).toBe(0);
    report(
      `keystroke to echo of ${stalls.length} keys: median, 99th percentile, worst`,
      [percentile(stalls, 0.5), percentile(stalls, 0.99), Math.max(...stalls)],
      'ms',
    );
    expect(percentile(stalls, 0.99)).toBeLessThan(bound(250, 1_000));
  }
  talk.finish(flood);
  await talk.complete(flood, 60_000);
  expect(flood.attachment.reattached).toBe(0);
});

test('a pod that slept wakes up: the newer one stays the owner', { timeout: SOAK ? 200_000 : 60_000 }, async () => {
  const agentPath = await cluster.path([0]);
  await cluster.startAgent(agentPath.url, machine);
  const redis = new Redis(process.env.TEST_REDIS_URL as string);
  cluster.stack.defer(() => redis.disconnect());
  await until('the first pod owns the machine', async () => (await ownerOf(redis)) === 'pod-0');
  const person = cluster.person(cluster.pod(1).url);
  const talk = await Talk.start(person, machine.id, SOAK ? 170_000 : 12_000, 2_000);
  const viewer = person.look(machine.id, talk.session.id, { mode: 'stream' });
  await viewer.sees('00000100 ');

  cluster.pod(0).kill('SIGSTOP');
  agentPath.cut();
  await until('the second pod owns the machine', async () => (await ownerOf(redis)) === 'pod-1');
  await new Promise((resolve) => setTimeout(resolve, SOAK ? 60_000 : 1_000));
  cluster.pod(0).kill('SIGCONT');
  const wrong: (string | null)[] = [];
  const watched = Date.now() + 3_000;
  await until('three seconds have passed', async () => {
    const owner = await ownerOf(redis);
    if (owner !== 'pod-1') wrong.push(owner);
    return Date.now() > watched;
  });
  expect(wrong).toEqual([]);
  talk.finish(viewer);
  await talk.complete(viewer, 120_000);
});

test('two agents with one token: the newer one wins, the older one says so and does not fight', async () => {
  const first = await cluster.startAgent(cluster.pod(0).url, machine);
  const second = await cluster.startAgent(cluster.pod(1).url, machine);
  expect(await first.end(45_000)).toBe(4);
  expect(first.stderr).toContain('took this machine over');
  expect(second.ended).toBe(false);
  const person = cluster.person(cluster.pod(0).url);
  const session = await person.start(machine.id, { command: 'sh', args: ['-c', 'echo here; read x'] });
  const viewer = person.look(machine.id, session.id);
  await viewer.sees('here');
});

test('the agent says plainly why it cannot serve', async () => {
  const run = async (name: string, token: string, relay = cluster.pod(0).url) => {
    const agent = new HermitProcess('agent', ['run', '--relay', relay, '--name', name], {
      HERMIT_MACHINE_TOKEN: token,
    });
    cluster.stack.use(agent);
    return agent;
  };
  const { name } = machine;
  const wrongToken = await run(name, `${machine.token.slice(0, -2)}xx`);
  expect(await wrongToken.end()).toBe(3);
  expect(wrongToken.stderr).toContain('refused');
  const wrongName = await run('bax', machine.token);
  expect(await wrongName.end()).toBe(3);
  expect(wrongName.stderr).toContain(name);
  const unreachable = await run(name, machine.token, 'http://127.0.0.1:9');
  await until('it says so, and goes on trying', () => unreachable.stderr.includes('cannot be reached'));
  expect(unreachable.ended).toBe(false);
});
