// The bare relay: agent, pod, Redis, pod and viewer in Node without any feature, and the same in one pod without Redis.
import { fileURLToPath } from 'node:url';
import type { Child } from '../machine/processes.ts';
import type { Stage } from '../machine/stage.ts';
import { nodePart } from '../machine/usage.ts';
import type { BareViewerOptions } from './bare/driver.ts';
import type { BareLightAgentOptions } from './bare/light-agents.ts';
import type { Ability, Contestant, Running, Wishes } from './contestant.ts';

const POD = fileURLToPath(new URL('./bare/pod.ts', import.meta.url));
const AGENT = fileURLToPath(new URL('./bare/agent.ts', import.meta.url));
const VIEWERS = new URL('./bare/driver.ts', import.meta.url).href;
const LIGHT_AGENTS = new URL('./bare/light-agents.ts', import.meta.url).href;
const MACHINE = 'bare';

const ABILITIES: Ability[] = ['echo', 'print', 'program', 'share', 'pods', 'light-agents', 'feed'];

export const bareSamePod: Contestant = {
  name: 'bare-same-pod',
  what: 'the bare relay in one pod, without Redis',
  abilities: new Set(ABILITIES),
  floor: 'plain-pty',
  underTest: false,
  async start(stage) {
    const pod = stage.node('pod-agent', POD);
    const url = await podUrl(pod);
    return running(stage, pod, pod, url, url);
  },
};

export const bareRelay: Contestant = {
  name: 'bare-relay',
  what: 'agent, pod, Redis, pod, viewer: one frame per PTY read and no feature',
  abilities: new Set<Ability>([...ABILITIES, 'redis', 'come-back']),
  floor: 'plain-pty',
  underTest: false,
  async start(stage, wishes) {
    const [agentPod, viewerPod] = await Promise.all([
      redisPod(stage, 'agent', wishes),
      redisPod(stage, 'viewer', wishes),
    ]);
    const [agentUrl, viewerUrl] = await Promise.all([podUrl(agentPod), podUrl(viewerPod)]);
    return running(stage, agentPod, viewerPod, agentUrl, viewerUrl);
  },
};

async function redisPod(stage: Stage, side: 'agent' | 'viewer', wishes: Wishes): Promise<Child> {
  const env = { BARE_REDIS_URL: await stage.redisUrl(side, wishes.freezable), BARE_NAMESPACE: stage.namespace };
  return stage.node(`pod-${side}`, POD, { env });
}

async function podUrl(pod: Child): Promise<string> {
  const { port } = await pod.ready<{ port: number }>();
  return `ws://127.0.0.1:${port}`;
}

async function running(
  stage: Stage,
  agentPod: Child,
  viewerPod: Child,
  agentUrl: string,
  viewerUrl: string,
): Promise<Running> {
  const agent = stage.node('agent', AGENT, { args: [`${agentUrl}/agent?machine=${MACHINE}`] });
  await agent.ready();
  const parts = [nodePart(agent), nodePart(agentPod)];
  const urls = [agentUrl];
  if (viewerPod !== agentPod) {
    parts.push(nodePart(viewerPod), await stage.redisPart());
    urls.push(viewerUrl);
  }
  const viewers: BareViewerOptions = { url: viewerUrl, machine: MACHINE };
  const lightAgents: BareLightAgentOptions = { urls };
  return {
    parts,
    viewers: { module: VIEWERS, options: viewers },
    lightAgents: { module: LIGHT_AGENTS, options: lightAgents },
    lightAgentsElsewhere: { module: LIGHT_AGENTS, options: { ...lightAgents, urls: urls.toReversed() } },
    pods: { agent: agentPod, viewer: viewerPod },
  };
}
