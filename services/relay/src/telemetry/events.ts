// The catalogue of log events: every line that a relay writes is one of these. docs/logs.md is made from it.

export type Level = 'debug' | 'info' | 'warn' | 'error';
type Event = { level: Level; fields: readonly Field[]; meaning: string };

/** What fields hold, once for all events. None may ever hold a token, a password or a byte of a terminal. */
export const FIELDS = {
  address: 'where the relay serves',
  agents: 'agents that are connected',
  agentVersion: 'the version of the agent',
  attachment: 'one view of one session; the client keeps the id when it reconnects',
  attempt: 'counts the attaches of an attachment, from 1',
  channel: 'a channel of Redis',
  clients: 'clients that are connected',
  closed: 'connections that the relay had to close',
  code: 'an error code of the protocol (SPEC.md)',
  closeCode: 'the close code of a WebSocket; 1006 when it was cut',
  connection:
    'one WebSocket: the `x-request-id` of its upgrade. Pods hand it on, so that the same id stands in the lines of the ' +
    'pod of the client and of the pod of the agent',
  count: 'how many lines were left out, or entries were lost',
  epoch: 'the number of a registration; the greatest one wins (rule OWN-1)',
  exitCode: 'of a program; null when a signal ended it, or when nobody can know',
  from: 'the pod that handed the message on',
  machine: 'id of a machine',
  machineName: 'the name that an agent gave',
  metrics: 'where the metrics are served',
  method: 'of HTTP',
  mode: 'how a session is looked at: `screen` or `stream`',
  moved: 'connections that went elsewhere by themselves',
  ms: 'milliseconds that it took',
  of: 'the event whose lines were left out',
  readOnly: 'the attachment may not type',
  reason: 'a sentence from the part that failed',
  request: 'id of an HTTP request, its `x-request-id`; or of a request of a client to a machine, the same on both pods',
  role: 'which connection to Redis: `commands`, `publisher`, `subscriber` or `sentinel`',
  route: 'the pattern of the route, such as `/api/machines/:id`',
  session: 'id of a session',
  signal: 'the number of the signal that ended a program; null when none did',
  stack: 'where in the code',
  status: 'of HTTP',
  user: 'id of a user',
  withinMs: 'milliseconds that they have',
} as const;
type Field = keyof typeof FIELDS;

const entry = <const F extends Field>(level: Level, meaning: string, ...fields: F[]) => ({ level, meaning, fields });

export const EVENTS = {
  // The process
  listening: entry('info', 'The relay serves.', 'address', 'metrics'),
  embedded_database: entry('info', 'Postgres is inside this process: this is the only pod.'),
  memory_bus: entry('info', 'Bus and presence are in memory: this is the only pod.'),
  not_the_only_pod: entry(
    'error',
    'The connection with the lock of the only pod was lost, and another pod without Redis took the lock: each now shows ' +
      'only the machines that came to it. Stop one of them, or set REDIS_URL for both.',
  ),
  only_pod: entry('info', 'This is the only pod at its database again.'),
  migration: entry('info', 'The schema of the database: brought up to date, or waiting for it.', 'reason'),
  drain_started: entry('info', 'The pod asks everybody to move.', 'agents', 'clients', 'withinMs'),
  drain_finished: entry('info', 'The pod is empty, or its time is over.', 'moved', 'closed', 'ms'),
  events_suppressed: entry(
    'warn',
    'One event came too often: its other lines of this second were left out.',
    'of',
    'count',
  ),
  fault: entry('error', 'A defect of the relay. Please report it.', 'reason', 'stack'),

  // Redis
  redis_ready: entry('info', 'A connection to Redis stands.', 'role'),
  redis_lost: entry('warn', 'A connection to Redis was lost; it is dialled again.', 'role'),
  redis_error: entry('warn', 'Redis cannot be reached, or refused a connection.', 'role', 'reason'),
  bus_refused: entry('error', 'Redis refused a subscription: check the access rules.', 'channel', 'reason'),
  bus_probe_missed: entry('warn', 'A probe of our own subscription did not come back.'),
  bus_rebuilt: entry('warn', 'Connections that seemed to work carried nothing: they are made anew.'),
  bus_restored: entry('info', 'The subscriptions are back, and proven by a probe.'),
  presence_failed: entry('warn', 'A command of presence failed; the next renewal makes up for it.', 'reason'),

  // Postgres
  postgres_error: entry('warn', 'A query failed.', 'code', 'reason'),
  audit_lost: entry(
    'error',
    'Entries of the audit were given up: Postgres was away too long, or refused them.',
    'count',
  ),

  // HTTP
  http_request: entry('debug', 'A request was answered.', 'request', 'method', 'route', 'status', 'ms'),
  http_unavailable: entry('warn', 'A request could not be served for now.', 'request', 'method', 'route', 'reason'),
  http_fault: entry('error', 'A request met a defect of the relay.', 'request', 'method', 'route', 'reason', 'stack'),

  // Agents
  agent_registered: entry(
    'info',
    'An agent holds its machine here.',
    'connection',
    'machine',
    'user',
    'epoch',
    'agentVersion',
    'ms',
  ),
  agent_refused: entry('warn', 'An agent was turned away.', 'connection', 'machine', 'machineName', 'code', 'reason'),
  agent_superseded: entry(
    'info',
    'The machine is held elsewhere with a greater epoch: we let go.',
    'connection',
    'machine',
    'epoch',
  ),
  agent_left: entry('info', 'The connection of an agent ended.', 'connection', 'machine', 'closeCode'),
  agent_bad_message: entry(
    'warn',
    'An agent sent what is no message, or not now.',
    'connection',
    'machine',
    'code',
    'reason',
  ),

  // Clients
  client_authenticated: entry('info', 'A client is who it says.', 'connection', 'user'),
  client_refused: entry('warn', 'A client was turned away.', 'connection', 'code'),
  client_left: entry('info', 'The connection of a client ended.', 'connection', 'user', 'closeCode'),
  client_bad_message: entry('warn', 'A client sent what is no message, or not now.', 'connection', 'user', 'code'),

  // Both
  socket_overflowed: entry('warn', 'A connection was cut: it did not read what it was sent.', 'connection'),

  // Sessions
  attach_asked: entry(
    'info',
    'A client wants to look at a session.',
    'connection',
    'user',
    'machine',
    'session',
    'attachment',
    'attempt',
    'mode',
    'readOnly',
  ),
  attach_carried: entry(
    'info',
    "On the agent's pod: such a wish came from another pod.",
    'connection',
    'machine',
    'session',
    'attachment',
    'attempt',
    'from',
  ),
  attached: entry('info', 'The agent has answered.', 'connection', 'machine', 'session', 'attachment', 'attempt', 'ms'),
  attach_refused: entry(
    'info',
    'The session cannot be looked at.',
    'connection',
    'machine',
    'session',
    'attachment',
    'code',
  ),
  session_asked: entry('info', 'A client wants a new session.', 'connection', 'user', 'machine', 'request'),
  session_carried: entry(
    'info',
    "On the agent's pod: such a wish came from another pod.",
    'connection',
    'machine',
    'request',
    'from',
  ),
  session_created: entry('info', 'A session was started.', 'connection', 'user', 'machine', 'session', 'request', 'ms'),
  session_ended: entry('info', 'A program has ended.', 'connection', 'machine', 'session', 'exitCode', 'signal'),
  session_failed: entry('warn', 'A session could not be started.', 'connection', 'machine', 'request', 'code'),
} as const satisfies Record<string, Event>;

export type EventName = keyof typeof EVENTS;
type Fields<E extends EventName> = {
  [F in (typeof EVENTS)[E]['fields'][number]]?: string | number | boolean | null | undefined;
};

/** Writes one line. Fields that the catalogue does not name cannot be written. */
export type Log = <E extends EventName>(event: E, fields?: Fields<E>) => void;
