// Hermit as people run it: relay pods, Postgres, Redis between two of them, and an agent.
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { freePort } from '../../../test/services/server-process.ts';
import type { Child } from '../machine/processes.ts';
import type { Stage } from '../machine/stage.ts';
import { cpuSecondsOfThread, nodePart } from '../machine/usage.ts';
import type { Ability, Contestant, Running, Wishes } from './contestant.ts';
import { EMAIL, Owner, PASSWORD, untilReady } from './hermit/accounts.ts';
import type { HermitViewerOptions } from './hermit/driver.ts';
import type { HermitLightAgentOptions } from './hermit/light-agents.ts';
import { startPostgres } from './hermit/postgres.ts';

const RELAY = fileURLToPath(new URL('../../../services/relay/src/main.ts', import.meta.url));
const AGENT = fileURLToPath(new URL('../../../services/agent/src/main.ts', import.meta.url));
const VIEWERS = new URL('./hermit/driver.ts', import.meta.url).href;
const LIGHT_AGENTS = new URL('./hermit/light-agents.ts', import.meta.url).href;
const MACHINE = 'box';
/** Name of the agent's thread that keeps the screens. */
const EMULATOR = 'screens';

const ABILITIES: Ability[] = ['echo', 'print', 'program', 'share', 'pods', 'light-agents'];

export const hermitSamePod: Contestant = {
  name: 'hermit-same-pod',
  what: 'Hermit with one pod, whose bus is in memory',
  abilities: new Set(ABILITIES),
  floor: 'bare-same-pod',
  underTest: true,
  async start(stage, wishes) {
    const pod = await startPod(stage, 'agent', await startPostgres(stage));
    await untilReady(pod.url, () => pod.child.alive);
    return running(stage, wishes, pod, pod);
  },
};

export const hermitNoScreens: Contestant = {
  name: 'hermit-no-screens',
  what: 'the same with an agent that keeps no screens: what its emulator costs the others',
  abilities: new Set<Ability>(['print']),
  underTest: true,
  async start(stage, wishes) {
    const pod = await startPod(stage, 'agent', await startPostgres(stage));
    await untilReady(pod.url, () => pod.child.alive);
    return running(stage, wishes, pod, pod, ['--no-screens']);
  },
};

export const hermitOtherPod: Contestant = {
  name: 'hermit-other-pod',
  what: 'Hermit with the agent on one pod and its viewers on another, through Redis',
  abilities: new Set<Ability>([...ABILITIES, 'redis', 'come-back']),
  floor: 'bare-relay',
  underTest: true,
  async start(stage, wishes) {
    const database = await startPostgres(stage);
    const [agents, viewers] = await Promise.all([
      startPod(stage, 'agent', database, await stage.redisUrl('agent', wishes.freezable)),
      startPod(stage, 'viewer', database, await stage.redisUrl('viewer', wishes.freezable)),
    ]);
    await Promise.all([agents, viewers].map((pod) => untilReady(pod.url, () => pod.child.alive)));
    const redis = await stage.redisUrl('agent', false);
    return { ...(await running(stage, wishes, agents, viewers)), online: () => online(redis, stage.namespace) };
  },
};

interface Pod {
  child: Child;
  url: string;
}

async function startPod(stage: Stage, side: 'agent' | 'viewer', database: string, redis?: string): Promise<Pod> {
  const port = await freePort();
  const env = {
    HOST: '127.0.0.1',
    PORT: `${port}`,
    POD_ID: `pod-${side}`,
    LOG_LEVEL: 'warn',
    JWT_SECRET: 'the-secret-of-a-benchmark-with-over-32-characters',
    DATABASE_URL: database,
    MACHINES_PER_USER: '10000',
    ...(redis ? { REDIS_URL: redis, REDIS_PREFIX: stage.namespace } : {}),
  };
  return { child: stage.node(`pod-${side}`, RELAY, { env, ipc: false }), url: `http://127.0.0.1:${port}` };
}

async function running(
  stage: Stage,
  wishes: Wishes,
  agents: Pod,
  viewers: Pod,
  agentOptions: string[] = [],
): Promise<Running> {
  const owner = await Owner.register(agents.url);
  const names = Array.from({ length: wishes.lightAgents }, (_, index) => `light-${index}`);
  const [machine, ...light] = await owner.addMachines([MACHINE, ...names]);
  if (!machine) throw new Error('No machine was added.');
  const agent = stage.node('agent', AGENT, {
    args: ['run', '--relay', agents.url, '--name', MACHINE, ...agentOptions],
    env: { HERMIT_MACHINE_TOKEN: machine.token, SHELL: '/bin/sh', LANG: 'C.UTF-8' },
    ipc: false,
  });
  await owner.untilOnline(machine.id);
  const parts = [nodePart(agent), nodePart(agents.child)];
  const urls = [agents.url];
  if (viewers !== agents) {
    parts.push(nodePart(viewers.child), await stage.redisPart());
    urls.push(viewers.url);
  }
  const viewing: HermitViewerOptions = {
    url: viewers.url,
    machineId: machine.id,
    email: EMAIL,
    password: PASSWORD,
  };
  const lightAgents: HermitLightAgentOptions = {
    urls: urls.map((url) => url.replace(/^http/, 'ws')),
    machines: light,
  };
  return {
    parts,
    viewers: { module: VIEWERS, options: viewing },
    lightAgents: { module: LIGHT_AGENTS, options: lightAgents },
    lightAgentsElsewhere: {
      module: LIGHT_AGENTS,
      options: { ...lightAgents, urls: lightAgents.urls.toReversed() },
    },
    pods: { agent: agents.child, viewer: viewers.child },
    ...(agentOptions.length > 0 ? {} : { emulatorCpuSeconds: async () => cpuSecondsOfThread(agent.pid, EMULATOR) }),
  };
}

/** Leases that have not run out, as a dashboard counts them (docs/redis.md). */
async function online(url: string, prefix: string): Promise<number> {
  const redis = new Redis(url);
  try {
    return await redis.zcount(`${prefix}machines:online`, Date.now(), '+inf');
  } finally {
    redis.disconnect();
  }
}
