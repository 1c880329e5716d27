// Every metric of a relay: name, kind, labels with all the values they can take, and what it means. docs/metrics.md is
// made from it. No label ever holds the id of a machine, a session or a user: what there is does not grow with them.

type Kind = 'counter' | 'gauge' | 'histogram';
/** The values a label can take; or, in words, what bounds them. */
type Values = readonly string[] | string;
export type MetricRow = {
  name: string;
  kind: Kind;
  help: string;
  labels?: Readonly<Record<string, Values>>;
  buckets?: readonly number[];
};

/** Seconds. A keystroke's way within one machine, across a continent, and what people notice. */
const ECHO = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds. Stores in the same building, up to their deadlines. */
const STORE = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const HTTP = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const counter = (name: string, help: string, labels?: MetricRow['labels']) => row('counter', name, help, labels);
const gauge = (name: string, help: string, labels?: MetricRow['labels']) => row('gauge', name, help, labels);
const row = <K extends Kind>(kind: K, name: string, help: string, labels: MetricRow['labels'] = {}) => ({
  kind,
  name: `hermit_${name}`,
  help,
  labels,
});
const histogram = (name: string, help: string, buckets: readonly number[], labels?: MetricRow['labels']) => ({
  ...row('histogram', name, help, labels),
  buckets,
});

export const METRICS = {
  // Who is here
  podInfo: gauge('pod_info', 'Always 1; which pod this is, and of which version.', {
    pod: 'one value: POD_ID',
    version: 'one value',
  }),
  connections: gauge('connections', 'WebSockets that are open.', { kind: ['agent', 'client'] }),
  newcomers: gauge(
    'newcomers_waiting',
    'WebSockets that wait to be let in: more came at once than leave this pod time for those it has.',
  ),
  machines: gauge('machines', 'Machines whose agent is registered with this pod.'),
  sessions: gauge('sessions', 'Sessions of those machines.', { state: ['running', 'ended'] }),
  attachments: gauge(
    'attachments',
    'Views of sessions by clients of this pod. `live`: gets what everybody gets; `catching_up`: gets what it missed; ' +
      '`congested`: its connection is full.',
    { state: ['attaching', 'live', 'catching_up', 'congested'] },
  ),
  ptysPaused: gauge(
    'ptys_paused',
    'Programs of machines on this pod that were waiting for viewers or for their screens when the agents last said.',
  ),
  bufferedBytes: gauge('buffered_bytes', 'Bytes that wait in sockets of this pod.', { kind: ['agent', 'client'] }),
  requestsPending: gauge('requests_pending', 'Requests of clients that machines have not answered yet.'),

  // Bytes and frames
  receivedFrames: counter('received_frames_total', 'Binary frames that came in on WebSockets.', {
    from: ['agent', 'client'],
  }),
  receivedBytes: counter('received_bytes_total', 'Bytes of those frames, headers included.', {
    from: ['agent', 'client'],
  }),
  deliveredFrames: counter(
    'delivered_frames_total',
    'Frames of output and snapshots that were handed to clients, by the way they came to this pod.',
    { path: ['local', 'redis'] },
  ),
  deliveredBytes: counter('delivered_bytes_total', 'Bytes of terminals in those frames, without headers.', {
    path: ['local', 'redis'],
  }),
  inputFrames: counter(
    'input_frames_total',
    'Frames of input that were handed towards agents, by the way they went, those that were sent again included.',
    { path: ['local', 'redis'] },
  ),
  inputBytes: counter('input_bytes_total', 'Bytes of keystrokes in those frames, without headers.', {
    path: ['local', 'redis'],
  }),
  busMessages: counter('bus_messages_total', 'Messages between pods. In a single pod they stay in memory.', {
    direction: ['published', 'received'],
  }),
  busBytes: counter('bus_bytes_total', 'Bytes of those messages.', { direction: ['published', 'received'] }),
  busLost: counter(
    'bus_lost_total',
    'Messages that could not be published, or whose fate is unknown. Agents and clients find what is missing.',
  ),

  // How well it flows
  echoLatency: histogram(
    'echo_latency_seconds',
    'From a keystroke that is handed towards the agent to the next output of its session that is handed to the same ' +
      'client: the way to the machine and back, and the program. One keystroke at a time is measured for each view; ' +
      'what takes over 10 s is no echo.',
    ECHO,
    { path: ['local', 'redis'] },
  ),
  catchUps: counter(
    'catch_ups_total',
    'Views that asked for what they missed. `gap`: a frame did not follow the one before; `congestion`: the connection ' +
      "had been full; `tip`: the agent's announcement of the end showed it.",
    { cause: ['gap', 'congestion', 'tip'] },
  ),
  demotions: counter('demotions_total', 'Views that an agent serves by themselves since they were too slow (FL-1).'),
  droppedFrames: counter('dropped_frames_total', 'Frames that found the connection of their client or agent full.'),
  historyLost: counter('history_lost_total', 'Views that were told that bytes are gone for good.'),
  snapshots: counter('snapshots_total', 'Screens that were painted anew.'),
  inputGaps: counter('input_gaps_total', 'Keystrokes that did not reach an agent and were asked for again.'),
  inputRefused: counter('input_refused_total', 'Keystrokes of those who may only look.'),
  ptyPaused: counter(
    'pty_paused_seconds_total',
    'Time that programs of machines on this pod have waited for viewers or for their screens, added up, as agents report it.',
  ),

  // Coming and going
  registrations: counter('registrations_total', 'Agents that introduced themselves.', {
    result: ['registered', 'refused'],
  }),
  authentications: counter('authentications_total', 'Clients that introduced themselves on a WebSocket.', {
    result: ['accepted', 'refused'],
  }),
  attaches: counter('attaches_total', 'Views that were asked for, reconnects included.'),
  ownershipLost: counter('ownership_lost_total', 'Machines that turned out to be held by another pod (OWN-2).'),
  badMessages: counter('bad_messages_total', 'Messages that could not be understood, or came at the wrong time.'),
  overflows: counter('overflows_total', 'WebSockets that were cut since they did not read what they were sent.'),
  logins: counter('logins_total', 'Attempts to register, log in, renew and log out over HTTP.', {
    kind: 'the last part of a route under `/auth/`',
    result: ['ok', 'rejected', 'refused', 'invalid', 'rate_limited', 'unavailable', 'failed'],
  }),
  passwordHashes: counter(
    'password_hashes_total',
    'Hashes of passwords (argon2id) that were computed: log-ins, registrations, passwords that are asked for again. Agents cause none.',
  ),
  draining: gauge('draining', '1 while the pod is leaving.'),
  drained: counter(
    'drained_connections_total',
    'Connections that ended in a drain: moved by themselves, or closed because its time was over.',
    { outcome: ['moved', 'closed'] },
  ),

  // What the pod stands on
  redisUp: gauge('redis_up', '1 while a probe has shown that messages come through. Absent without Redis.'),
  redisDisconnects: counter('redis_disconnects_total', 'Connections to Redis that were lost.', {
    role: ['commands', 'publisher', 'subscriber'],
  }),
  redisErrors: counter('redis_errors_total', 'Errors of connections to Redis, and of commands and publishes.', {
    role: ['commands', 'publisher', 'subscriber', 'sentinel'],
  }),
  redisCommand: histogram('redis_command_seconds', 'How long Redis took to answer commands of presence.', STORE),
  redisProbe: histogram(
    'redis_probe_seconds',
    'How long a message of a pod to itself was under way through Redis: what pub/sub adds to a keystroke, once each way.',
    STORE,
  ),
  redisProbesMissed: counter('redis_probes_missed_total', 'Probes that did not come back in time.'),
  redisRebuilds: counter(
    'redis_rebuilds_total',
    'Connections to Redis that were made anew since nothing came through.',
  ),
  redisRestorations: counter('redis_restorations_total', 'Times that subscriptions had been lost and came back.'),
  postgresQuery: histogram('postgres_query_seconds', 'How long Postgres took for queries and transactions.', STORE),
  postgresErrors: counter('postgres_errors_total', 'Queries and transactions that failed.', {
    reason: ['unreachable', 'rejected'],
  }),
  auditLost: counter(
    'audit_lost_total',
    'Entries of the audit that were given up: Postgres was away for too long, or did not take them.',
  ),
  httpRequest: histogram('http_request_seconds', 'How long requests over HTTP took.', HTTP, {
    method: 'the methods of HTTP',
    route: 'the patterns of the routes, or `none`',
    status: ['1xx', '2xx', '3xx', '4xx', '5xx'],
  }),
  logLines: counter('log_lines_total', 'Lines written to the log.', { level: ['debug', 'info', 'warn', 'error'] }),
  logSuppressed: counter('log_suppressed_total', 'Lines that were left out since one event came too often.'),
} as const satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;
type OfKind<K extends Kind> = { [M in MetricKey]: (typeof METRICS)[M]['kind'] extends K ? M : never }[MetricKey];
export type CounterKey = OfKind<'counter'>;
export type GaugeKey = OfKind<'gauge'>;
export type HistogramKey = OfKind<'histogram'>;
