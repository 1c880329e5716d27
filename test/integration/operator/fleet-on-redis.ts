// A fleet in Redis without pods: machines, sessions and attachments, written by the relay's own presence.
import { createHash } from 'node:crypto';
import type { AttachmentInfo, SessionInfo } from '@hermit/protocol';
import type { Claim, PodPresence } from '../../../services/relay/src/presence/presence.ts';
import { RedisPresence } from '../../../services/relay/src/presence/presence-redis.ts';
import {
  RedisConnections,
  type RedisSettings as Settings,
} from '../../../services/relay/src/redis/redis-connection.ts';
import { until } from '../kit/wait.ts';

type RedisSettings = Omit<Settings, 'prefix'>;

/** The same id for the same words. */
function idOf(...words: (string | number)[]): string {
  const hash = createHash('sha256').update(words.join(' ')).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** Machines that are claimed at once. */
const STEP = 250;

export type SketchedMachine = {
  name: string;
  user: string;
  pod: string;
  /** Milliseconds ago. */
  since: number;
  sessions?: { name: string; command: string; ago: number; exit?: SessionInfo['exit']; viewers?: Viewer[] }[];
};
type Viewer = { user: string; pod: string; ago: number; readOnly?: boolean };
type SketchedPod = { id: string; ago: number } & Partial<
  Pick<PodPresence, 'clients' | 'bytesIn' | 'bytesOut' | 'draining'>
>;

export class FleetOnRedis implements AsyncDisposable {
  readonly presence: RedisPresence;
  private readonly connections: RedisConnections;
  private readonly machines: SketchedMachine[] = [];
  private readonly started = new Map<string, number>();

  constructor(redis: string | RedisSettings, prefix: string) {
    const settings = typeof redis === 'string' ? { mode: 'single' as const, urls: [redis] } : redis;
    this.connections = new RedisConnections({ ...settings, prefix }, { podId: 'sketch' });
    this.presence = new RedisPresence(this.connections);
  }

  pod({ ago, ...sketched }: SketchedPod): void {
    const machines = this.machines.filter(({ pod }) => pod === sketched.id);
    const all = this.machines.flatMap(({ sessions = [] }) => sessions);
    const attachments = all.flatMap(({ viewers = [] }) => viewers).filter(({ pod }) => pod === sketched.id).length;
    const sessions = machines.flatMap((machine) => machine.sessions ?? []).length;
    const figures = { clients: 0, sessions, attachments, bytesIn: 0, bytesOut: 0, draining: false, ...sketched };
    const started = this.started.get(sketched.id) ?? Date.now() - ago;
    this.started.set(sketched.id, started);
    this.presence.pod({ started, version: '0.1.0', agents: machines.length, ...figures });
  }

  async add(machines: readonly SketchedMachine[]): Promise<void> {
    await until('Redis answers', () => this.presence.available);
    for (let at = 0; at < machines.length; at += STEP) await this.addSome(machines.slice(at, at + STEP));
    await this.presence.close();
  }

  private async addSome(machines: readonly SketchedMachine[]): Promise<void> {
    const now = Date.now();
    this.machines.push(...machines);
    for (const machine of machines) {
      const { name, user, pod, since, sessions = [] } = machine;
      const machineId = idOf('machine', name);
      const claim: Claim = {
        machineId,
        userId: idOf('user', user),
        name,
        pod,
        epoch: now,
        instanceId: idOf('instance', name),
        lastEpoch: 0,
        agentVersion: '0.1.0',
        connectedAt: now - since,
      };
      const attachments: AttachmentInfo[] = [];
      const infos: SessionInfo[] = sessions.map(({ name: title, command, ago, exit, viewers = [] }) => {
        const id = idOf('session', name, title);
        for (const [n, viewer] of viewers.entries()) {
          attachments.push({
            id: idOf('attachment', name, title, n),
            sessionId: id,
            userId: idOf('user', viewer.user),
            pod: viewer.pod,
            since: now - viewer.ago,
            readOnly: viewer.readOnly ?? false,
          });
        }
        const size = { cols: 120, rows: 40, sizePolicy: 'latest' as const };
        const ended = exit ? { exit } : {};
        return { id, name: title, command, createdAt: now - ago, attachedClients: viewers.length, ...size, ...ended };
      });
      this.presence.claim(claim, () => {
        if (infos.length > 0) this.presence.describe(claim, { sessions: infos, attachments });
      });
    }
    const ids = machines.map(({ name }) => idOf('machine', name));
    await until('they are there', async () => (await this.presence.machines(ids)).size === ids.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.presence.close();
    this.connections.close();
  }
}

/** `count` machines on `pods`; every fourth with sessions, some of them looked at. From a fixed arithmetic, no chance. */
export function manyMachines(count: number, pods: readonly string[]): SketchedMachine[] {
  return Array.from({ length: count }, (_, n) => {
    const pod = pods[n % pods.length] as string;
    const viewers =
      n % 8 === 0 ? [{ user: `user-${n % 97}`, pod: pods[(n + 1) % pods.length] as string, ago: n * 900 }] : [];
    const sessions = n % 4 === 0 ? [{ name: 'work', command: 'bash', ago: n * 1_000, viewers }] : [];
    return { name: `host-${String(n).padStart(5, '0')}`, user: `user-${n % 97}`, pod, since: n * 5_000, sessions };
  });
}
