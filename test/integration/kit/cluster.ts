// A Hermit under test, as people run it: relay pods, an agent and viewers as real processes and sockets, with real Redis
// and Postgres. `await using cluster = await startCluster({ pods: 2 })`.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataDirectory } from '../../services/data-directory.ts';
import { createDatabase } from '../../services/databases.ts';
import { freePort } from '../../services/server-process.ts';
import { TcpProxy } from '../../services/tcp-proxy.ts';
import { HermitProcess } from './hermit-process.ts';
import { Memory } from './memory.ts';
import { type Conditions, NetworkPath } from './network-path.ts';
import { Person } from './viewer.ts';
import { until } from './wait.ts';

export const PASSWORD = 'correct horse battery staple';
/** How often an ingress looks at its pods; milliseconds. */
const LOOK_EVERY = 100;
const SECRET = 'the-secret-of-a-test-with-over-32-characters';

type ClusterOptions = {
  /** Relay pods; more than one only with Redis. */
  pods?: number;
  /** `memory`: one pod with everything in itself. `redis`: the run's Redis. A URL: a Redis of the test's own. */
  bus?: 'memory' | 'redis' | string;
  /** Further environment of the pods. */
  env?: Record<string, string>;
};

export class RelayPod {
  readonly id: string;
  readonly port: number;
  process: HermitProcess;
  private readonly env: Record<string, string>;

  constructor(port: number, env: Record<string, string>) {
    this.port = port;
    this.env = env;
    this.id = env.POD_ID as string;
    this.process = this.spawn();
  }

  private spawn(): HermitProcess {
    return new HermitProcess('relay', [], this.env);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get ready(): Promise<boolean> {
    return fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  async untilReady(): Promise<void> {
    await until(
      `the pod is ready\n${this.process.stdout}${this.process.stderr}`,
      async () => {
        if (this.process.ended) throw new Error(`the pod has ended\n${this.process.stdout}${this.process.stderr}`);
        return this.ready;
      },
      60_000,
      50,
    );
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.process.kill(signal);
  }

  async restart(): Promise<void> {
    this.kill();
    await this.process.end();
    this.process = this.spawn();
    await this.untilReady();
  }
}

type Account = { email: string; userId: string; accessToken: string; refreshToken: string };
export type Machine = { id: string; name: string; token: string };

export class Cluster implements AsyncDisposable {
  readonly pods: RelayPod[] = [];
  account!: Account;
  machine!: Machine;
  /** Prefix of this cluster's keys and channels in Redis. */
  readonly prefix: string;
  /** The way to Postgres; null where it is embedded. */
  readonly database: TcpProxy | null;
  readonly stack = new AsyncDisposableStack();
  private readonly env: Record<string, string>;
  /** The pods that take connections, as an ingress has found; looked at for all paths together. */
  private readonly open = new Set<RelayPod>();
  private watched = false;
  private readonly agents = new Set<HermitProcess>();
  private readonly memory: Memory;

  constructor(prefix: string, env: Record<string, string>, database: TcpProxy | null) {
    this.database = database;
    this.prefix = prefix;
    this.env = env;
    this.memory = new Memory(database === null, () => [
      ...this.pods.map(({ process }) => ['pods', process] as ['pods', HermitProcess]),
      ...[...this.agents].map((agent) => ['agents', agent] as ['agents', HermitProcess]),
    ]);
  }

  /** `over`: what is other than with the pods before. */
  async addPod(over: Record<string, string> = {}): Promise<RelayPod> {
    const port = await freePort();
    const id = `pod-${this.pods.length}`;
    const pod = new RelayPod(port, { ...this.env, ...over, PORT: `${port}`, POD_ID: id });
    this.pods.push(pod);
    this.stack.defer(() => pod.process[Symbol.asyncDispose]());
    return pod;
  }

  /** The cluster's own database; undefined where it is inside the pod. */
  get databaseUrl(): string | undefined {
    return this.env.DATABASE_URL;
  }

  pod(index: number): RelayPod {
    return this.pods[index] as RelayPod;
  }

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    token: string | null = this.account?.accessToken ?? null,
  ): Promise<{ status: number; body: T }> {
    const pod = this.pods.find((p) => !p.process.ended) as RelayPod;
    const answer = await fetch(`${pod.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text ? JSON.parse(text) : null) as T };
  }

  async register(): Promise<Account> {
    const email = `${randomUUID()}@example.org`;
    type Registered = { user: { id: string }; accessToken: string; refreshToken: string };
    const { body } = await this.call<Registered>('POST', '/auth/register', { email, password: PASSWORD }, null);
    return { email, userId: body.user.id, accessToken: body.accessToken, refreshToken: body.refreshToken };
  }

  async addMachine(name: string, account = this.account): Promise<Machine> {
    type Added = { machine: { id: string }; token: string };
    const { body } = await this.call<Added>('POST', '/api/machines', { name }, account.accessToken);
    return { id: body.machine.id, name, token: body.token };
  }

  /** As the account's own list of machines says. */
  async isOnline(machineId: string): Promise<boolean> {
    const { body } = await this.call<{ machines: { id: string; online: boolean }[] }>('GET', '/api/machines');
    return body.machines?.find((m) => m.id === machineId)?.online === true;
  }

  /** The way to the pods, in this order of preference; only to those that are ready, as behind an ingress. */
  async path(prefer: readonly number[], conditions: Conditions = {}): Promise<NetworkPath> {
    await this.watch();
    const path = await NetworkPath.along(() => {
      const others = this.pods.map((_, i) => i).filter((i) => !prefer.includes(i));
      const order = [...prefer, ...others].map((i) => this.pods[i] as RelayPod);
      return order.filter((pod) => this.open.has(pod) && !pod.process.ended).map((pod) => pod.port);
    }, conditions);
    this.stack.use(path);
    return path;
  }

  /** Looks at each pod now, and from then on regularly; a frozen one holds up no look at another. */
  private async watch(): Promise<void> {
    const looking = new Set<RelayPod>();
    const look = async (pod: RelayPod) => {
      if (looking.has(pod)) return;
      looking.add(pod);
      if (!pod.process.ended && (await pod.ready)) this.open.add(pod);
      else this.open.delete(pod);
      looking.delete(pod);
    };
    await Promise.all(this.pods.map(look));
    if (this.watched) return;
    this.watched = true;
    const timer = setInterval(() => {
      for (const pod of this.pods) void look(pod);
    }, LOOK_EVERY);
    this.stack.defer(() => clearInterval(timer));
  }

  /** An agent of the cluster's machine, connected before this resolves. `relay`: address of a pod, or of a path. */
  async startAgent(
    relay: string,
    machine: Machine = this.machine,
    env: Record<string, string> = {},
  ): Promise<HermitProcess> {
    const agent = new HermitProcess('agent', ['run', '--relay', relay, '--name', machine.name], {
      HERMIT_MACHINE_TOKEN: machine.token,
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      ...env,
    });
    this.stack.use(agent);
    this.agents.add(agent);
    await until(`the agent registers\n${agent.stderr}`, () => {
      if (agent.ended) throw new Error(`the agent has ended\n${agent.stderr}`);
      return agent.stderr.includes('connected to');
    });
    return agent;
  }

  person(relay: string, account = this.account): Person {
    return this.stack.use(new Person(relay, () => account.accessToken));
  }

  /** A command line with credentials of its own. */
  async commandLine(relay: string): Promise<CommandLine> {
    const directory = await mkdtemp(join(tmpdir(), 'hermit-cli-'));
    this.stack.defer(() => rm(directory, { recursive: true, force: true }));
    const line = new CommandLine(directory);
    const login = line.run(['login', '--relay', relay, '--email', this.account.email]);
    login.child.stdin?.end(`${PASSWORD}\n`);
    if ((await login.end()) !== 0) throw new Error(`hermit login failed\n${login.stdout}${login.stderr}`);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
    this.memory.check();
  }
}

export class CommandLine {
  private readonly directory: string;
  constructor(directory: string) {
    this.directory = directory;
  }

  get env(): Record<string, string> {
    return { XDG_CONFIG_HOME: this.directory, XDG_STATE_HOME: this.directory, XDG_CACHE_HOME: this.directory };
  }

  run(args: readonly string[]): HermitProcess {
    return new HermitProcess('hermit', args, this.env);
  }

  async output(...args: string[]): Promise<string> {
    const process = this.run(args);
    process.child.stdin?.end();
    if ((await process.end()) !== 0) throw new Error(`hermit ${args.join(' ')}\n${process.stdout}${process.stderr}`);
    return process.stdout;
  }
}

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { pods = 1, bus = pods > 1 ? 'redis' : 'memory' } = options;
  if (bus === 'memory' && pods > 1) throw new Error('pods that share no memory need Redis');
  const prefix = `test-${randomBytes(6).toString('hex')}:`;
  await using setup = new AsyncDisposableStack();
  let databasePath: TcpProxy | null = null;
  const env: Record<string, string> = { HOST: '127.0.0.1', LOG_LEVEL: 'warn', DRAIN_SECONDS: '3', ...options.env };
  if (bus === 'memory') env.HERMIT_DATA_DIR = setup.use(await createDataDirectory()).path;
  else {
    env.JWT_SECRET = SECRET;
    const database = new URL(setup.use(await createDatabase()).url);
    databasePath = setup.use(await TcpProxy.to(Number(database.port || 5432)));
    database.host = `127.0.0.1:${databasePath.port}`;
    env.DATABASE_URL = database.href;
    env.REDIS_URL = bus === 'redis' ? (process.env.TEST_REDIS_URL as string) : bus;
    env.REDIS_PREFIX = prefix;
  }
  const cluster = new Cluster(prefix, env, databasePath);
  // Disposed last: the pods go before their database.
  const kept = setup.move();
  cluster.stack.defer(() => kept.disposeAsync());
  try {
    for (let i = 0; i < pods; i++) await cluster.addPod();
    await Promise.all(cluster.pods.map((pod) => pod.untilReady()));
    cluster.account = await cluster.register();
    cluster.machine = await cluster.addMachine('box');
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
