// The numbers people tune, in one place. Bytes unless said otherwise; times in milliseconds.

/** The version both sides state when they introduce themselves. */
export const PROTOCOL_VERSION = 1;
/** The oldest version this code still serves. */
export const PROTOCOL_OLDEST = 1;

const KiB = 1024;
const MiB = 1024 * KiB;

const limits = {
  // Frames and messages
  /** Largest payload of one terminal frame. */
  frame: 64 * KiB,
  /** Largest payload of one snapshot chunk. */
  snapshotChunk: 8 * KiB,
  /** Largest WebSocket message that a relay accepts from a client, either kind; a larger one is answered by an error. */
  message: 256 * KiB,
  /** The same for agents, whose lists are longer. */
  agentMessage: 1 * MiB,
  /** What is larger than this costs the socket: of an agent, of a client, and of one that has not introduced itself. */
  messageHard: 4 * MiB,
  clientMessageHard: 512 * KiB,
  strangerMessage: 16 * KiB,
  /** Largest payload of one input frame. */
  inputFrame: 16 * KiB,
  /** Largest terminal, in columns or rows. */
  columns: 1000,
  rows: 1000,

  // Output
  /** History kept for each session. */
  history: 4 * MiB,
  /**
   * History kept while a reader of every byte is behind: 5 s of 10 MB/s, in which its pod or Redis does not answer, and
   * no program waits longer than `responsive`.
   */
  historyBehind: 64 * MiB,
  /** History kept by one agent, over all sessions. */
  historyTotal: 256 * MiB,
  /** A screen viewer that is further behind gets a new snapshot, not a replay. */
  replay: 256 * KiB,
  /** Lines of scrollback that a snapshot carries. */
  snapshotScrollback: 1000,

  // Flow control (FL-1 to FL-5)
  /** Smallest window; in flight it is 80 ms of a link of 100 KB/s. */
  windowMin: 8 * KiB,
  /** Window of an attachment before anything has been measured. */
  windowStart: 32 * KiB,
  /** FL-4: half of what a pod buffers for one socket. */
  windowMax: 512 * KiB,
  /** What a pod buffers for one client socket. */
  socketBound: 1 * MiB,
  /** What a pod buffers for any socket, of whatever kind; one that has not read by then is cut. */
  socketHard: 8 * MiB,
  /** Bytes in flight that a window aims at, in time of the viewer's own speed. */
  windowTime: 120,
  /** FL-3: without progress of acknowledgements for this long, an attachment stops counting. */
  responsive: 2_000,
  /** FL-4: an acknowledgement leaves within this time, and at once after `ackBytes`. */
  ackDelay: 20,
  ackBytes: 128 * KiB,
  /** FL-4: one of less than `ackLittle` limits nobody: it waits so long for more, or for a key to travel with. */
  ackLittleDelay: 100,
  ackLittle: 1 * KiB,
  /** What an agent lets its connection to the relay buffer before it serves the next session. */
  linkBound: 256 * KiB,
  /** Output of one session that is sent before the next one has its turn. */
  quantum: 64 * KiB,
  /** A session that has no more than this to send is served before all floods. */
  small: 4 * KiB,
  /** A program is paused while the screen emulator is this far behind. */
  screenBacklog: 8 * MiB,
  /** The same for all screens of an agent: beyond it each has its share, an equal part of this. */
  screenBacklogs: 64 * MiB,

  // Catching up (CU-1 to CU-11)
  tipEvery: 500,
  attachRetry: 1_000,
  /** CU-4: an attachment is a lease that acknowledgements renew. */
  attachmentLease: 60_000,
  /** A client acknowledges at least this often while attached. */
  ackKeepalive: 20_000,

  // Input (IN-1 to IN-3)
  inputRetry: 500,
  /** Keystrokes a client keeps unacknowledged before it refuses more. */
  inputQueue: 64 * KiB,

  // Sessions
  /** An ended session keeps history and exit status for this long. */
  endedSession: 600_000,
  /** The same for one that somebody is still reading to its end. */
  endedSessionRead: 3_600_000,
  sessionsPerMachine: 256,
  attachmentsPerSession: 128,
  attachmentsPerSocket: 64,
  /** Client sockets of one user on one pod. */
  socketsPerUser: 2_000,
  /** Sockets on one pod that have not introduced themselves yet. */
  strangers: 16_384,
  /**
   * Of one address, once half of those are taken: it takes many addresses to shut others out, and behind one of them
   * many people may be.
   */
  strangersPerAddress: 1_024,
  /** Requests to one machine that wait for its answers on one pod. */
  requestsPerMachine: 512,
  /** How long the answers to `start_session` are remembered (IN-3). */
  requestMemory: 600_000,
  requestsRemembered: 1024,
  /** Input positions kept for each session (IN-2). */
  inputPositions: 4096,
  /** Less input than a paste is acknowledged after this time, or a part of it earlier together with output. */
  inputAckDelay: 100,
  inputAckEarly: 50,
  /** Input of at least so many bytes is a paste, whose sender waits for room. */
  paste: 1 * KiB,
  /** Input a program has not read yet; more is not acknowledged, so that the client keeps it. */
  unreadInput: 256 * KiB,

  // Connections
  /** Each end looks at each of its sockets this often: times of tens of seconds are exact to this. */
  visitEvery: 1_000,
  pingEvery: 20_000,
  deadAfter: 45_000,
  /** A socket that has not introduced itself by then is closed. */
  introduction: 10_000,
  reconnectMin: 250,
  reconnectMax: 15_000,
  /** How long a pod waits for an agent's reply to a client's request. */
  request: 10_000,
  requestRetry: 1_000,

  // Ownership and handover (OWN-1 to OWN-6, DRAIN-1 to DRAIN-4)
  /** Presence of a machine in Redis. */
  machineLease: 30_000,
  machineRenew: 10_000,
  podLease: 15_000,
  podRenew: 5_000,
  /** OWN-2: a pod that lost the epoch carries on for what is in flight, then closes. */
  retireGrace: 2_000,
  /** DRAIN-1: the longest an agent holds its output in a handover. */
  fence: 200,
  /** How long an agent waits for `registered`. */
  register: 10_000,

  // The bus
  /** An idle subscription is probed this often; two misses rebuild the connection. */
  probeEvery: 15_000,
  /** After this time a probe counts as missed. */
  probeTimeout: 5_000,
};

export type Limits = { readonly [K in keyof typeof limits]: number };

export const LIMITS: Limits = limits;

/** Replaces limits for the whole process: a simulation runs the same code with small numbers on a virtual clock. */
export function useLimits(changed: Partial<Limits>): void {
  Object.assign(limits, changed);
}
