// What a fleet is reckoned with: constants measured by this benchmark, and what is assumed of the people.
// Measured on two cores that did nothing else, which load processes and databases shared (docs/capacity.md says when).

export const MEASURED = {
  /** CPU of a pod for each idle agent: pings, renewals of leases; milliseconds in a second. */
  idleAgentCpu: 0.043,
  /** Memory of a pod for each idle agent, and for each session that somebody looks at; KiB. */
  idleAgentMemory: 30,
  attachedMemory: 41,
  /** A pod with nobody on it; MiB resident. */
  emptyPod: 130,
  /** CPU of one pod for a registration, its token and its lease; milliseconds. */
  registration: 2.1,
  /** CPU for a MB that passes; milliseconds: the agent's pod, the viewers' pod, Redis. */
  agentPodPerMb: 4.1,
  viewerPodPerMb: 3.8,
  redisPerMb: 1.7,
  /** CPU of Redis for one script or one publish of a small message; milliseconds. Not measured: a usual figure. */
  redisCommand: 0.02,
} as const;

export const ASSUMED = {
  /** Share of the machines that somebody looks at in the busiest hour. */
  attached: 0.02,
  /** Output of an attached session on average; bytes in a second. Typing is 100, a build log 50,000. */
  bytesPerSession: 4_000,
  /** Keystrokes of an attached session; in a second. */
  keys: 1,
  /** How full a pod and a Redis may be in the busiest hour, as a share of one core: the rest is for storms. */
  fill: 0.4,
  /** Memory of a pod; MiB. */
  podMemory: 1_024,
} as const;
