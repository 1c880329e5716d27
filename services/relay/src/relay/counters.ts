// What a pod counts. Plain numbers: telemetry reads them, the hot path only adds.

export type Counters = ReturnType<typeof newCounters>;

export function newCounters() {
  return {
    /** From agents' sockets. */
    framesFromAgents: 0,
    bytesFromAgents: 0,
    /** From clients' sockets: input and acknowledgements. */
    framesFromClients: 0,
    bytesFromClients: 0,
    /** To clients' sockets, by the way they came to this pod. */
    framesLocal: 0,
    bytesLocal: 0,
    framesRemote: 0,
    bytesRemote: 0,
    /** Keystrokes towards agents, by the way they take. */
    inputFramesLocal: 0,
    inputBytesLocal: 0,
    inputFramesRemote: 0,
    inputBytesRemote: 0,
    /** To and from the bus. */
    published: 0,
    publishedBytes: 0,
    received: 0,
    receivedBytes: 0,
    /** Publishes that could not be sent, or whose fate is unknown. */
    publishLost: 0,
    /** Catch-up requests, by cause. */
    catchUpsGap: 0,
    catchUpsCongestion: 0,
    catchUpsTip: 0,
    historyLost: 0,
    snapshots: 0,
    demotions: 0,
    /** Frames that were not handed on because the client's or the agent's socket was full. */
    framesDropped: 0,
    /** Input that did not reach an agent and had to be sent again. */
    inputGaps: 0,
    inputRefused: 0,
    attaches: 0,
    registrations: 0,
    refusals: 0,
    /** Clients that introduced themselves, and those that were turned away. */
    authentications: 0,
    authenticationsRefused: 0,
    ownershipLost: 0,
    badMessages: 0,
    /** Sockets that were cut since they did not read. */
    overflows: 0,
    /** In a drain: connections that moved by themselves, and those that were closed at its end. */
    drainMoved: 0,
    drainClosed: 0,
    /** Time that programs waited for their viewers, as agents report it; milliseconds. */
    ptyPausedMs: 0,
  };
}
