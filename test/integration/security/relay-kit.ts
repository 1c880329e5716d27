// Relay pods inside the test's own process, with real Redis and Postgres, and hand-driven sockets on both sides: what an
// attacker can say is said word by word.
import { randomBytes, randomUUID } from 'node:crypto';
import { FRAME, frameType, type RelayToAgent, type RelayToClient, type SessionInfo, uuidBytes } from '@hermit/protocol';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { type App, createApp } from '../../../services/relay/src/app.ts';
import { readConfig } from '../../../services/relay/src/config.ts';
import { createDataDirectory } from '../../services/data-directory.ts';
import { createDatabase } from '../../services/databases.ts';
import type { TcpProxy } from '../../services/tcp-proxy.ts';
import { until } from '../kit/wait.ts';

export const SECRET = 'the-secret-of-a-test-with-over-32-characters';
export const PASSWORD = 'correct horse battery';

export type Person = { id: string; email: string; accessToken: string; refreshToken: string };
export type Answer<T> = { status: number; headers: Headers; body: T };
type Call = { body?: unknown; token?: string | null; headers?: Record<string, string>; redirect?: 'manual' };

export class RelayPod {
  readonly app: App;
  readonly url: string;
  constructor(app: App, url: string) {
    this.app = app;
    this.url = url;
  }

  async call<T = Record<string, unknown>>(method: string, path: string, options: Call = {}): Promise<Answer<T>> {
    const { body, token, headers, redirect } = options;
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      ...(redirect ? { redirect } : {}),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, headers: answer.headers, body: (json ? JSON.parse(text) : text) as T };
  }
}

export interface Relays extends AsyncDisposable {
  readonly pods: readonly RelayPod[];
  readonly sql: postgres.Sql;
  pod(index: number): RelayPod;
  person(): Promise<Person>;
  machine(of: Person, name?: string): Promise<{ id: string; name: string; token: string }>;
  client(pod: number, token: string | null, encoding?: 'binary' | 'json'): Promise<HandClient>;
  agent(pod: number, machine: { name: string; token: string }): Promise<HandAgent>;
  /** Disposed with the relays. */
  use<T extends AsyncDisposable | Disposable>(what: T): T;
}

type RelaysOptions = {
  pods?: number;
  /** Further environment: of all pods, or of each. */
  env?: Record<string, string> | ((pod: number) => Record<string, string>);
  /** Everything in one process: no Redis, no Postgres. */
  embedded?: boolean;
  /** The way of each pod to the database, where it is not the straight one; `server`: that of another server. */
  database?: { server?: string; through?: (pod: number) => TcpProxy };
};

export async function startRelays(options: RelaysOptions = {}): Promise<Relays> {
  const { pods: count = 1, embedded = false } = options;
  await using setup = new AsyncDisposableStack();
  const shared: Record<string, string> = { HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent', DRAIN_SECONDS: '0' };
  let sql: postgres.Sql | undefined;
  if (embedded) shared.HERMIT_DATA_DIR = setup.use(await createDataDirectory()).path;
  else {
    const { url } = setup.use(await createDatabase(options.database?.server));
    sql = postgres(url, { max: 2, onnotice: () => {} });
    setup.defer(() => sql?.end({ timeout: 1 }));
    Object.assign(shared, {
      DATABASE_URL: url,
      DATABASE_POOL: '5',
      REDIS_URL: process.env.TEST_REDIS_URL as string,
      REDIS_PREFIX: `test-${randomBytes(6).toString('hex')}:`,
      JWT_SECRET: SECRET,
    });
  }
  const pods: RelayPod[] = [];
  for (let i = 0; i < count; i++) {
    const more = typeof options.env === 'function' ? options.env(i) : { ...options.env };
    const through = options.database?.through?.(i);
    if (through !== undefined) {
      const url = new URL(shared.DATABASE_URL as string);
      url.host = `127.0.0.1:${through.port}`;
      more.DATABASE_URL = url.href;
    }
    const app = await createApp(readConfig({ ...shared, POD_ID: `pod-${i}`, ...more }));
    setup.defer(() => app.close());
    pods.push(new RelayPod(app, await app.listen()));
  }
  for (const { url } of pods) await until('the pod is ready', async () => (await fetch(`${url}/readyz`)).ok);
  const stack = setup.move();
  // Sockets go before pods.
  const sockets = stack.use(new AsyncDisposableStack());

  const pod = (index: number) => pods[index] as RelayPod;
  return {
    pods,
    get sql() {
      if (sql === undefined) throw new Error('the embedded database has one user');
      return sql;
    },
    pod,
    async person() {
      const email = `${randomUUID()}@example.org`;
      type LoggedIn = { user: { id: string }; accessToken: string; refreshToken: string };
      const { status, body } = await pod(0).call<LoggedIn>('POST', '/auth/register', {
        body: { email, password: PASSWORD },
      });
      if (status !== 201) throw new Error(`cannot register: ${JSON.stringify(body)}`);
      return { id: body.user.id, email, accessToken: body.accessToken, refreshToken: body.refreshToken };
    },
    async machine(of, name = `box-${randomBytes(4).toString('hex')}`) {
      type Added = { machine: { id: string }; token: string };
      const { status, body } = await pod(0).call<Added>('POST', '/api/machines', {
        token: of.accessToken,
        body: { name },
      });
      if (status !== 201) throw new Error(`cannot add a machine: ${JSON.stringify(body)}`);
      return { id: body.machine.id, name, token: body.token };
    },
    async client(index, token, encoding = 'json') {
      const client = sockets.use(await HandClient.open(`${pod(index).url}/ws/client`));
      if (token !== null) {
        client.send({ type: 'auth', token, encoding });
        await client.heard('authenticated');
      }
      return client;
    },
    async agent(index, machine) {
      const agent = sockets.use(await HandAgent.open(`${pod(index).url}/ws/agent`));
      await agent.register(machine);
      return agent;
    },
    use: (what) => sockets.use(what),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Said = { type: string };

/** A WebSocket that keeps what it heard. */
class HandSocket<M extends Said> implements Disposable {
  readonly messages: M[] = [];
  readonly frames: Buffer[] = [];
  closed: { code: number; at: number } | null = null;
  readonly ws: WebSocket;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data, isBinary) => {
      if (isBinary) this.frames.push(data as Buffer);
      else {
        const m = JSON.parse((data as Buffer).toString('utf8')) as M;
        if (m.type === 'ping') this.send({ type: 'pong' });
        this.messages.push(m);
        this.on(m);
      }
    });
    ws.on('error', () => {});
    ws.on('close', (code) => {
      this.closed = { code, at: performance.now() };
    });
  }

  protected on(_m: M): void {}

  send(message: object | string): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message of this type, or that fits, which nobody has waited for yet. */
  async heard<T extends M['type']>(
    type: T,
    fits: (m: Extract<M, { type: T }>) => boolean = () => true,
    withinMs = 5_000,
  ): Promise<Extract<M, { type: T }>> {
    return until(
      `${type}; heard: ${JSON.stringify(this.messages).slice(0, 2_000)}, closed: ${JSON.stringify(this.closed)}`,
      () => {
        const at = this.messages.findIndex((m) => m.type === type && fits(m as Extract<M, { type: T }>));
        return at < 0 ? undefined : (this.messages.splice(at, 1)[0] as Extract<M, { type: T }>);
      },
      withinMs,
    );
  }

  async closedWith(withinMs = 5_000): Promise<number> {
    return (await until(`the socket closes; heard: ${JSON.stringify(this.messages)}`, () => this.closed, withinMs))
      .code;
  }

  [Symbol.dispose](): void {
    this.ws.terminate();
  }
}

/** Resolves with an open socket, or rejects with the status of the answer. */
export function dial(url: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false, headers });
    ws.once('open', () => resolve(ws));
    ws.once('error', reject);
    ws.once('unexpected-response', (request, response) => {
      const error = Object.assign(new Error(`HTTP ${response.statusCode}`), {
        status: response.statusCode,
        headers: response.headers,
      });
      request.destroy();
      reject(error);
    });
  });
}

export class HandClient extends HandSocket<RelayToClient> {
  static async open(url: string, headers: Record<string, string> = {}): Promise<HandClient> {
    return new HandClient(await dial(url, headers));
  }

  /** Attaches; resolves with `attached`, or with the error. */
  async attach(machineId: string, sessionId: string, over: Record<string, unknown> = {}) {
    const requestId = randomUUID();
    const ids = { machineId, sessionId, clientId: randomUUID(), attempt: 1 };
    this.send({ type: 'attach', ...ids, requestId, ...over });
    const fits = (m: RelayToClient) => (m as { requestId?: string }).requestId === requestId;
    return until('an answer to attach', () =>
      this.messages.find((m) => (m.type === 'attached' || m.type === 'error') && fits(m)),
    ) as Promise<Extract<RelayToClient, { type: 'attached' | 'error' }>>;
  }
}

type AttachOrder = Extract<RelayToAgent, { type: 'attach' }>;

/** An agent that obeys and keeps no terminal. */
export class HandAgent extends HandSocket<RelayToAgent> {
  readonly attached: AttachOrder[] = [];
  /** What it does not obey. */
  silent: (m: RelayToAgent) => boolean = () => false;
  readonly sessions = new Map<string, SessionInfo>();

  static async open(url: string): Promise<HandAgent> {
    return new HandAgent(await dial(url));
  }

  get epoch(): number {
    return Date.now();
  }

  async register(machine: { name: string; token: string }, over: Record<string, unknown> = {}) {
    const { name: machineName, token } = machine;
    const known = { machineName, token, protocol: 1, epoch: this.epoch, lastEpoch: 0, instanceId: randomUUID() };
    this.send({ type: 'register', ...known, agentVersion: 'test', ...over });
    const answer = await this.heard('registered', () => true, 10_000);
    if (answer.success) this.send({ type: 'current', interest: [] });
    return answer;
  }

  /** A session that runs here. */
  session(): string {
    const id = randomUUID();
    const size = { cols: 80, rows: 24, sizePolicy: 'latest' as const };
    this.sessions.set(id, { id, name: 'sh', command: 'sh', createdAt: Date.now(), attachedClients: 0, ...size });
    return id;
  }

  protected override on(m: RelayToAgent): void {
    if (this.silent(m)) return;
    if (m.type === 'attach') {
      this.attached.push(m);
      const ref = { sessionId: m.sessionId, clientId: m.clientId, attempt: m.attempt };
      if (!this.sessions.has(m.sessionId)) {
        this.send({ type: 'attach_refused', ...ref, code: 'SESSION_NOT_FOUND', message: 'There is no such session.' });
        return;
      }
      const { inputFrom: inputOffset, readOnly } = m;
      const view = { cols: 80, rows: 24, sizePolicy: 'latest', driver: null, first: 0, end: 0 };
      this.send({ type: 'attached', ...ref, inputOffset, readOnly, ...view });
      this.send({ type: 'live', ...ref, round: 0, marker: 1, offset: 0 });
    }
    if (m.type === 'list_sessions') {
      const { requestId, pod } = m;
      this.send({ type: 'sessions', requestId, pod, sessions: [...this.sessions.values()] });
    }
    if (m.type === 'start_session') {
      const { requestId, pod } = m;
      this.send({ type: 'session_started', requestId, pod, session: this.sessions.get(this.session()) });
    }
    if (m.type === 'kill_session') this.send({ type: 'request_done', requestId: m.requestId, pod: m.pod });
  }

  /** Input frames that have come, of one attachment. */
  inputsOf(sessionId: string): Buffer[] {
    const id = Buffer.from(uuidBytes(sessionId));
    return this.frames.filter((frame) => frameType(frame) === FRAME.input && frame.subarray(4, 20).equals(id));
  }
}
