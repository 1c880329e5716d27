// An operator's weeks with Hermit, in a real cluster, with terminals open all the time: one person types, another one
// watches a flood, and after all of it no byte and no key may be missing. The steps are one story, in this order.
import { join } from 'node:path';
import type { HermitClient } from '@hermit/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEXT, VERSION } from '../kit/images.ts';
import { Flood, outputOf, Typist } from '../kit/load.ts';
import { Account, type Machine } from '../kit/people.ts';
import { contentsOf, Release } from '../kit/release.ts';
import { chart, kubectl, must, root, run } from '../kit/tools.ts';
import { until } from '../kit/wait.ts';

const ingress = new URL(process.env.HERMIT_INGRESS_URL ?? 'http://localhost:8080');
const ingressClass = process.env.HERMIT_INGRESS_CLASS ?? '';
const namespace = 'hermit-test';
const hermit = new Release('hermit', namespace);
const serving = [
  ...['--set', 'demo.enabled=true,ingress.enabled=true'],
  ...['--set', `ingress.hosts={${ingress.hostname}},ingress.className=${ingressClass}`],
];

let account: Account;
let typing: Machine;
let flooding: Machine;
let typingViewer: HermitClient;
const typist = new Typist();
const flood = new Flood();
/** Pods of the relay over the whole story: more than a handful means that steps did what they say. */
const podsSeen = new Set<string>();

beforeAll(async () => {
  await run('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--wait']);
  await kubectl('create', 'namespace', namespace);
  // What is not restricted is refused here.
  await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
});

afterAll(async () => {
  await account?.leave();
  await run('kubectl', ['uncordon', '--selector', 'kubernetes.io/os=linux']);
  await run('helm', ['uninstall', 'hermit', '-n', namespace, '--ignore-not-found']);
  await run('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--wait']);
});

/** How often the two attached anew, but for moves, from the beginning on; the longest wait of the step. */
type Had = { reattached: number; worstMs: number };
/** Milliseconds. A move costs nobody a second; the machine that tests all this at once may. */
const WAIT_MOST = 5_000;

/** What people had of a step; throws when typing or watching does not go on. */
async function unnoticed(step: string): Promise<Had> {
  await Promise.all([typist.caughtUp(), flood.flowing()]);
  expect([...typist.trouble, ...flood.trouble]).toEqual([]);
  for (const pod of await hermit.relayPods()) podsSeen.add(pod.name);
  const [keys, bytes] = [typist.quality(), flood.quality()];
  const way = (await podOf(typing)) === (await viewersPod()) ? 'on one pod' : 'across pods';
  const told = ({ worstMs, stalls }: typeof keys) =>
    stalls.length === 0 ? `at most ${worstMs} ms` : `at most ${worstMs} ms, ${stalls.length} over 250 ms`;
  console.log(
    `${step}: keys ${typist.keys}, now ${way}, echo after ${told(keys)}; flood ${bytes.bytes} bytes, silent for ${told(bytes)}; ` +
      `attached anew ${keys.reattached + bytes.reattached} times besides moves`,
  );
  return { reattached: keys.reattached + bytes.reattached, worstMs: Math.max(keys.worstMs, bytes.worstMs) };
}

/** The pod that holds a machine, as dashboards read it. */
const podOf = (machine: Machine) => hermit.redis('HGET', `hermit:machine:{${machine.id}}`, 'pod');
/** The pods of those who look at it, as dashboards read them. */
async function podsOfViewers(machine: Machine): Promise<string[]> {
  const rows = await hermit.redis('HVALS', `hermit:machine:{${machine.id}}:attachments`);
  return rows.split('\n').flatMap((row) => (row === '' ? [] : [(JSON.parse(row) as { pod: string }).pod]));
}
const viewersPod = async () => {
  const { state } = typingViewer.connection;
  return state.name === 'live' ? state.pod : '';
};
const isUp = (name: string) =>
  until(`${name} is online`, async () => (await account.online()).has(name), { seconds: 60 });

describe('before an install', () => {
  it('the API server takes every object', async () => {
    const cases = join(root, 'test', 'kubernetes', 'chart', 'cases');
    const manifests: [of: string, yaml: string][] = [];
    for (const name of ['existing-secrets', 'secrets-as-values', 'agent-on-every-node', 'demo', 'everything']) {
      // Kinds of operators that are not here have no API to ask.
      const without = ['--set', 'httpRoute.enabled=false,metrics.serviceMonitor.enabled=false'];
      const values = ['--values', join(cases, `${name}.yaml`)];
      manifests.push([name, await must('helm', ['template', 'hermit', chart, '-n', namespace, ...values, ...without])]);
    }
    for (const overlay of ['minimal', 'production']) {
      const yaml = await kubectl('kustomize', join(root, 'deploy', 'k8s', 'overlays', overlay));
      manifests.push([overlay, yaml.replaceAll(/^ {2}namespace: hermit$/gm, `  namespace: ${namespace}`)]);
    }
    for (const [name, input] of manifests) {
      const apply = ['apply', '-n', namespace, '--dry-run=server', '--validate=strict', '-f', '-'];
      const said = await run('kubectl', apply, { input });
      expect(said.code, `${name}: ${said.stderr}`).toBe(0);
      expect(said.stderr, name).not.toMatch(/would violate PodSecurity|unknown field/);
    }
  });

  it('a Secret that is not there, or has no such key, is named', async () => {
    const wanted = 'auth.existingSecret=keys,redis.existingSecret=keys,database.existingSecret=keys';
    const missing = await hermit.helm('install', chart, '--set', wanted);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain(`auth.existingSecret: there is no Secret "keys" in the namespace ${namespace}.`);
    expect(missing.stderr).toContain(
      `kubectl -n ${namespace} create secret generic keys --from-literal=jwt-secret=...`,
    );

    await hermit.kubectl('create', 'secret', 'generic', 'keys', '--from-literal=jwt=x', '--from-literal=redis-url=x');
    const keyless = await hermit.helm('install', chart, '--set', wanted);
    expect(keyless.stderr).toContain('the Secret "keys" has no key "jwt-secret" (it has: jwt, redis-url).');
    await hermit.kubectl('delete', 'secret', 'keys');
    expect(await contentsOf(namespace)).toEqual([]);
  });
});

describe('an install', () => {
  it('gets ready with three pods, and says what to do next', async () => {
    const notes = await hermit.apply('install', ...serving, '--set', 'replicaCount=3');
    const pods = await hermit.settled(3, `:${VERSION}`);
    expect(pods.map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
    const advice = notes.slice(notes.indexOf('NOTES:')).replaceAll(ingress.hostname, 'HOST');
    await expect(advice).toMatchFileSnapshot(join(import.meta.dirname, 'notes.txt'));
    expect(notes).toContain(`helm test hermit -n ${namespace}`);
  });

  it('serves agents and viewers on different pods through the ingress', async () => {
    account = await Account.register(ingress.origin, 'operator@example.org', 'a long enough password');
    typing = await account.startMachine('typing');
    flooding = await account.startMachine('flooding');
    await isUp('typing');
    await isUp('flooding');
    const pods = (await hermit.relayPods()).map(({ name }) => name);
    for (const machine of [typing, flooding]) {
      const pod = await podOf(machine);
      expect(
        pods.some((name) => pod.startsWith(`${name}-`)),
        `${pod} is one of ${pods}`,
      ).toBe(true);
    }
    typingViewer = await account.connectElsewhere(await podOf(typing));
    await typist.start(typingViewer, typing.id);
    await flood.start(await account.connectElsewhere(await podOf(flooding)), flooding.id);
    for (const machine of [typing, flooding]) {
      const viewers = await until(`presence has the viewer of ${machine.name}`, async () => {
        const pods = await podsOfViewers(machine);
        return pods.length === 1 && pods;
      });
      expect(viewers).not.toContain(await podOf(machine));
      expect(pods.some((name) => viewers[0]?.startsWith(`${name}-`))).toBe(true);
    }
    expect(await podsOfViewers(typing)).toEqual([await viewersPod()]);
    await unnoticed('at rest');
  });

  it('passes helm test, which leaves no account', async () => {
    const { code, stdout, stderr } = await hermit.helm('test', '--timeout', '3m');
    expect(code, `${stdout}${stderr}\n${await hermit.diagnosis()}`).toBe(0);
    const query = 'select count(*) from users';
    const shell = `PGPASSWORD="$POSTGRES_PASSWORD" psql -h 127.0.0.1 -U hermit -d hermit -tAc "${query}"`;
    expect((await hermit.kubectl('exec', 'deployment/hermit-demo-postgres', '--', 'sh', '-c', shell)).trim()).toBe('1');
    await unnoticed('helm test');
  });
});

describe('with terminals open', () => {
  it('an upgrade goes unnoticed', async () => {
    const before = (await hermit.relayPods()).map(({ name }) => name);
    const { reattached } = await unnoticed('before the upgrade');
    const leaving = hermit.drainsOf(before);
    await hermit.apply('upgrade', '--reset-then-reuse-values', '--set', `image.tag=${NEXT}`);
    const after = await hermit.settled(3, `:${NEXT}`);
    expect(after.filter(({ name }) => before.includes(name))).toEqual([]);
    const had = await unnoticed('upgrade');
    // Every connection was made before the old one ended: none was closed, and nobody had to attach anew.
    const drains = await leaving;
    expect(drains.map(({ closed }) => closed)).toEqual([0, 0, 0]);
    expect(drains.reduce((sum, { moved }) => sum + moved, 0)).toBeGreaterThanOrEqual(4);
    expect(had.reattached).toBe(reattached);
    expect(had.worstMs).toBeLessThan(WAIT_MOST);
    const seconds = await hermit.startSeconds();
    console.log(`pods served after ${seconds.map((s) => `${s.toFixed(1)} s`).join(', ')} (rounded up by up to 1 s)`);
    // Under 2 s, and what Kubernetes rounds; others may have started at the same time.
    expect(Math.min(...seconds)).toBeLessThan(3);
    expect(Math.max(...seconds)).toBeLessThan(10);
  });

  it('agents in the cluster join: one, and one on every node', async () => {
    const [node = ''] = (await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
    const client = await account.connect();
    for (const [kind, name] of [
      ['Deployment', 'devbox'],
      ['DaemonSet', node],
    ] as const) {
      const { machine, token } = await account.addMachine(name);
      const secret = `agent-${kind.toLowerCase()}`;
      const key = kind === 'Deployment' ? 'token' : node;
      await hermit.kubectl('create', 'secret', 'generic', secret, `--from-literal=${key}=${token}`);
      const named = kind === 'Deployment' ? name : '';
      const set = `agent.enabled=true,agent.kind=${kind},agent.name=${named},agent.existingSecret=${secret}`;
      await hermit.apply('upgrade', '--reset-then-reuse-values', '--set', set);
      await isUp(name);
      // As the user of the image, in a home that can be written to, with an init above it.
      const script = 'id -u; touch ~/here && echo home; cat /proc/1/comm';
      expect(await outputOf(client, machine.id, script)).toBe('1000\r\nhome\r\ntini\r\n');
    }
    client.close();
    await hermit.apply('upgrade', '--reset-then-reuse-values', '--set', 'agent.enabled=false');
    await hermit.kubectl('delete', 'secret', 'agent-deployment', 'agent-daemonset');
    await unnoticed('agents in the cluster');
  });

  it('scaling from 3 to 1 to 4 goes unnoticed', async () => {
    for (const count of [1, 4]) {
      await hermit.kubectl('scale', 'deployment/hermit-relay', `--replicas=${count}`);
      await hermit.settled(count);
      await unnoticed(`scaled to ${count}`);
    }
  });

  it('pods that are killed without a word cost no byte', async () => {
    for (const [whose, holder] of [
      ['of the agent', () => podOf(typing)],
      ['of the viewer', viewersPod],
    ] as const) {
      const pod = await holder();
      // A pod calls itself by its name with something behind it.
      const victim = (await hermit.relayPods()).find(({ name }) => pod.startsWith(`${name}-`));
      expect(victim, `${pod} is one of the pods`).toBeDefined();
      await hermit.kubectl('delete', 'pod', victim?.name ?? '', '--force', '--grace-period=0');
      await hermit.settled(4);
      await unnoticed(`killed the pod ${whose}`);
    }
  });

  it('a node that is drained waits for the budget', async () => {
    const [node] = (await kubectl('get', 'nodes', '-o', 'name')).trim().split('\n');
    const nodes = (await kubectl('get', 'nodes', '-o', 'name')).trim().split('\n').length;
    const before = new Set((await hermit.relayPods()).map(({ name }) => name));
    const selector = 'app.kubernetes.io/component=relay';
    const drain = run('kubectl', [
      'drain',
      node ?? '',
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--pod-selector',
      selector,
      '--timeout=240s',
    ]);
    if (nodes === 1) {
      // There is nowhere else to go: after the first one, the budget keeps the others.
      await until('the budget keeps the others', async () => {
        const { items } = JSON.parse(await hermit.kubectl('get', 'pdb', '-o', 'json')) as {
          items: { status: { disruptionsAllowed: number } }[];
        };
        return items[0]?.status.disruptionsAllowed === 0;
      });
      const serving = (await hermit.relayPods()).filter(
        ({ name, ready, leaving }) => before.has(name) && ready && !leaving,
      );
      expect(serving).toHaveLength(3);
      await kubectl('uncordon', node ?? '');
    }
    const { code, stderr } = await drain;
    expect(code, stderr).toBe(0);
    await kubectl('uncordon', node ?? '');
    const after = await hermit.settled(4);
    expect(after.filter(({ name }) => before.has(name))).toEqual([]);
    await unnoticed('node drain');
  });

  it('a Redis that is restarted costs no byte', async () => {
    // Between an agent and a viewer on one pod Redis would not be missed: until chance has parted them.
    for (let tries = 0; (await podOf(typing)) === (await viewersPod()); tries++) {
      expect(tries).toBeLessThan(8);
      const pod = await viewersPod();
      const shared = (await hermit.relayPods()).find(({ name }) => pod.startsWith(`${name}-`));
      await hermit.kubectl('delete', 'pod', shared?.name ?? '', '--force', '--grace-period=0');
      await hermit.settled(4);
      await unnoticed('parted');
    }
    await hermit.kubectl(
      'delete',
      'pod',
      '-l',
      'app.kubernetes.io/component=demo-redis',
      '--grace-period=0',
      '--force',
    );
    await hermit.kubectl('rollout', 'status', 'deployment/hermit-demo-redis', '--timeout=120s');
    await until('every pod is ready again', async () => (await hermit.relayPods()).every(({ ready }) => ready));
    await until('presence is back', async () => (await podOf(typing)) !== '' && (await podOf(flooding)) !== '', {
      seconds: 60,
    });
    await unnoticed('Redis restart');
    expect((await hermit.relayPods()).map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0]);
  });

  it('everything that was typed and printed has come, once and in order', async () => {
    await typist.finish();
    await flood.finish();
    console.log(`in all: ${typist.keys} keys, ${flood.lines} lines of the flood, ${podsSeen.size} pods`);
    expect(typist.keys).toBeGreaterThan(1_000);
    expect(podsSeen.size).toBeGreaterThanOrEqual(8);
  });
});

describe('other installs', () => {
  const second = new Release('second', namespace);

  it('a wrong address of Redis is told by events and logs', async () => {
    await hermit.kubectl(
      ...['create', 'secret', 'generic', 'second', `--from-literal=jwt-secret=${'k'.repeat(40)}`],
      ...['--from-literal=redis-url=redis://no-such-redis:6379', `--from-literal=database-url=${await databaseUrl()}`],
    );
    const existing = 'auth.existingSecret=second,redis.existingSecret=second,database.existingSecret=second';
    const { code } = await second.helm('install', chart, '--set', `${existing},replicaCount=1`);
    expect(code).toBe(0);
    const told = (what: string, ...args: string[]) =>
      until(what, async () => /redis/i.test(await second.kubectl(...args)), { seconds: 90 });
    await told('events name Redis', 'get', 'events', '--field-selector=reason=Unhealthy', '-o', 'jsonpath={..message}');
    await told('logs name Redis', 'logs', '-l', 'app.kubernetes.io/instance=second', '--tail=50');
    const events = await second.kubectl(
      'get',
      'events',
      '--field-selector=reason=Unhealthy',
      '-o',
      'jsonpath={..message}',
    );
    expect(events).toMatch(/Not ready: redis/);
    expect((await second.helm('uninstall', '--wait')).code).toBe(0);
  });

  it('migrates in a Job before the pods, for those who want it, and passes helm test with one pod', async () => {
    const password = await demoPassword();
    await second.kubectl('delete', 'secret', 'second');
    await second.kubectl(
      ...['create', 'secret', 'generic', 'second', `--from-literal=jwt-secret=${'k'.repeat(40)}`],
      ...[
        `--from-literal=redis-url=redis://:${password}@hermit-demo-redis:6379/1`,
        `--from-literal=database-url=${await databaseUrl()}`,
      ],
    );
    const existing = 'auth.existingSecret=second,redis.existingSecret=second,database.existingSecret=second';
    await second.apply(
      'install',
      '--set',
      `${existing},replicaCount=1,migrations.job.enabled=true,redis.prefix=second:`,
    );
    const { code, stdout, stderr } = await second.helm('test', '--timeout', '3m');
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect((await second.helm('uninstall', '--wait')).code).toBe(0);
    await second.kubectl('delete', 'secret', 'second');
  });

  const demoPassword = async () => {
    const encoded = await hermit.kubectl('get', 'secret', 'hermit-demo', '-o', 'jsonpath={.data.password}');
    return Buffer.from(encoded, 'base64').toString('utf8');
  };
  const databaseUrl = async () => `postgres://hermit:${await demoPassword()}@hermit-demo-postgres:5432/hermit`;
});

describe('an uninstall', () => {
  it('leaves nothing', async () => {
    await account.leave();
    expect((await hermit.helm('uninstall', '--wait')).code).toBe(0);
    await until('the namespace is empty', async () => (await contentsOf(namespace)).length === 0, {
      seconds: 90,
    }).catch(() => {});
    expect(await contentsOf(namespace)).toEqual([]);
  });
});
