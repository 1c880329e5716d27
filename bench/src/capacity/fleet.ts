// How many pods, Redis shards and megabits a fleet needs: the formulae of docs/capacity.md.
import { LIMITS } from '@hermit/protocol';
import { ASSUMED, MEASURED } from './constants.ts';

export interface Fleet {
  machines: number;
  attached: number;
  /** MB in a second from all agents. */
  traffic: number;
  /** Pods by CPU, by memory, and what is needed: the larger one, and one more for the pod that is being replaced. */
  podsByCpu: number;
  podsByMemory: number;
  pods: number;
  /** Commands in a second: renewals of leases, and publishes. */
  redisCommands: number;
  shards: number;
  /** Into the pods from agents, and between all pods and Redis; megabits in a second. */
  fromAgents: number;
  withRedis: number;
}

const MB = 1e6;
const BITS = 8;
/** A keystroke: the key, its echo, and the acknowledgements of both. */
const PUBLISHES_PER_KEY = 4;

export function fleetOf(machines: number): Fleet {
  const attached = machines * ASSUMED.attached;
  const traffic = (attached * ASSUMED.bytesPerSession) / MB;
  const cores =
    (machines * MEASURED.idleAgentCpu + traffic * (MEASURED.agentPodPerMb + MEASURED.viewerPodPerMb)) / 1_000;
  const memory = (machines * MEASURED.idleAgentMemory + attached * MEASURED.attachedMemory) / 1_024;
  const podsByCpu = Math.ceil(cores / ASSUMED.fill);
  const podsByMemory = Math.ceil(memory / (ASSUMED.podMemory * 0.75 - MEASURED.emptyPod));
  const renewals = machines / ((LIMITS.machineRenew * 0.95) / 1_000);
  const redisCommands = renewals + attached * ASSUMED.keys * PUBLISHES_PER_KEY;
  const redisCores = (redisCommands * MEASURED.redisCommand + traffic * MEASURED.redisPerMb) / 1_000;
  return {
    machines,
    attached,
    traffic,
    podsByCpu,
    podsByMemory,
    pods: Math.max(podsByCpu, podsByMemory, 1) + 1,
    redisCommands,
    shards: Math.max(1, Math.ceil(redisCores / ASSUMED.fill)),
    fromAgents: traffic * BITS,
    // In from the agent's pod, and out to the viewers' pod.
    withRedis: 2 * traffic * BITS,
  };
}
