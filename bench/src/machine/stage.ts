// The stage on which one contestant plays: its scratch directory, its Redis, its pods' ways to it, its load processes.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadOrders, Reply } from '../load/orders.ts';
import type { Child, Processes } from './processes.ts';
import { type RedisServer, startRedis } from './redis.ts';
import type { ProxyOrder } from './tcp-proxy.ts';
import type { Part } from './usage.ts';

const LOAD = fileURLToPath(new URL('../load/main.ts', import.meta.url));
const PROXY = fileURLToPath(new URL('./tcp-proxy.ts', import.meta.url));

/** Which of the two pods: the one that the agent dialled, or the one that the viewers dialled. */
export type PodSide = 'agent' | 'viewer';

/** A load generator: a process that answers load orders, each with how busy it was meanwhile. */
interface LoadProcess {
  ask<K extends keyof LoadOrders>(order: { do: K } & LoadOrders[K]['order']): Promise<Reply<LoadOrders[K]['result']>>;
}

export class Stage {
  /** Scratch space, removed at the end. */
  readonly directory: string;
  /** Prefix of every key and channel; no longer than the one that Hermit has by default, since memory is counted. */
  readonly namespace = 'bench:';
  private readonly processes: Processes;
  private readonly children: Child[] = [];
  private readonly loads = new Map<string, Promise<Child>>();
  private readonly proxies = new Map<PodSide, Promise<{ child: Child; url: string }>>();
  private server: Promise<RedisServer> | undefined;
  private readonly endings: (() => Promise<void>)[] = [];

  private constructor(processes: Processes, directory: string) {
    this.processes = processes;
    this.directory = directory;
  }

  static async open(processes: Processes, name: string): Promise<Stage> {
    const directory = await mkdtemp(join(processes.directory, `${name}-`));
    return new Stage(processes, directory);
  }

  /** Starts a TypeScript file as a process. With `ipc` it must call `answerOrders`; see Child. */
  node(
    role: string,
    file: string,
    options: { args?: string[]; env?: Record<string, string>; ipc?: boolean } = {},
  ): Child {
    const child = this.processes.node(role, file, options.args, options.env, options.ipc ?? true);
    this.children.push(child);
    return child;
  }

  /** Starts any other program. */
  command(role: string, command: string, args: string[], env: Record<string, string> = {}): Child {
    const child = this.processes.start({ role, command, args, env });
    this.children.push(child);
    return child;
  }

  /** The contestant's Redis, started when it is first asked for. */
  async redisPart(): Promise<Part> {
    return (await this.redis()).part;
  }

  /** The URL of Redis for one pod; through a proxy that can be frozen when `freezable`. */
  async redisUrl(side: PodSide, freezable: boolean): Promise<string> {
    const { url } = await this.redis();
    if (!freezable) return url;
    const proxy = this.proxies.get(side) ?? this.startProxy(side, url);
    this.proxies.set(side, proxy);
    return (await proxy).url;
  }

  /** Stops or resumes everything between one pod and Redis. */
  async freezeRedis(side: PodSide, frozen: boolean): Promise<void> {
    const proxy = await this.proxies.get(side);
    if (!proxy) throw new Error(`The ${side}'s pod was not started with a Redis that can be frozen.`);
    const order: ProxyOrder = { do: frozen ? 'freeze' : 'thaw' };
    await proxy.child.ask(order);
  }

  /** A load process of this contestant, by name; it stays warm between measurements. */
  load(name: string): LoadProcess {
    const starting = this.loads.get(name) ?? Promise.resolve(this.node(name, LOAD));
    this.loads.set(name, starting);
    return {
      ask: async (order) => {
        const child = await starting;
        await child.ready();
        return child.ask(order as LoadOrder);
      },
    };
  }

  /** What is to be undone once the contestant's processes have ended. */
  atClose(ending: () => Promise<void>): void {
    this.endings.push(ending);
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map((child) => child.stop()));
    for (const ending of this.endings) await ending();
    await (await this.server?.catch(() => undefined))?.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private redis(): Promise<RedisServer> {
    this.server ??= startRedis(this.processes, this.directory);
    return this.server;
  }

  private async startProxy(side: PodSide, target: string): Promise<{ child: Child; url: string }> {
    const child = this.node(`redis-proxy-${side}`, PROXY, { args: [target] });
    const { port } = await child.ready<{ port: number }>();
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return { child, url: url.href };
  }
}
