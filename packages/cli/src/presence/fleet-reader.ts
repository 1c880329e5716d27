// Reads a fleet from Redis, as docs/redis.md says: by the sorted sets, never KEYS; in bounded, pipelined steps, so that
// nobody else waits for it.
import {
  type AttachmentInfo,
  MACHINE_FIELDS,
  namesOf,
  POD_FIELDS,
  presenceKeys,
  readHash,
  type SessionInfo,
} from '@hermit/protocol';
import type { Cluster, Redis } from 'ioredis';
import type { Fleet, MachineEntry } from './fleet.ts';

/** Members of a sorted set that one command returns. */
const PAGE = 1_000;
/** Machines that one step asks for; a few milliseconds of the server's time. */
const STEP = 200;
/** Machines that one look takes. */
const MOST = 50_000;

const MACHINE = namesOf(MACHINE_FIELDS).filter((name) => name !== 'epoch' && name !== 'instance');
const POD = namesOf(POD_FIELDS);
/** There in every hash of a lease that holds. */
const NAME = MACHINE.indexOf('name');
const STARTED = POD.indexOf('started');

export type Details = { sessions: boolean; attachments: boolean };
export const EVERYTHING: Details = { sessions: true, attachments: true };

type Leases = [member: string, until: number][];

export class FleetReader {
  private readonly redis: Redis | Cluster;
  private readonly keys: ReturnType<typeof presenceKeys>;
  private readonly most: number;

  /** `redis` with enableAutoPipelining: what is asked in one step goes in one write. */
  constructor(redis: Redis | Cluster, prefix: string, most = MOST) {
    this.redis = redis;
    this.keys = presenceKeys(prefix);
    this.most = most;
  }

  async read(details: Details): Promise<Fleet> {
    const [seconds, microseconds] = await this.redis.time();
    const at = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    const fleet: Fleet = { at, pods: [], machines: [], sessions: [], attachments: [], leftOut: 0, contract: 0 };
    const pods = await this.leases(this.keys.pods, at, this.most);
    for (const step of steps(pods)) await this.readPods(fleet, step);
    const online = this.keys.machinesOnline;
    const machines = await this.leases(online, at, this.most);
    if (machines.length === this.most) fleet.leftOut = (await this.redis.zcount(online, at, '+inf')) - machines.length;
    for (const step of steps(machines)) await this.readMachines(fleet, step);
    const busy = fleet.machines.filter(({ sessionCount }) => sessionCount > 0);
    for (const step of steps(busy)) await this.readDetails(fleet, step, details);
    return fleet;
  }

  /** Those that hold: a member whose score has passed is nobody. */
  private async leases(key: string, now: number, most: number): Promise<Leases> {
    const found = new Map<string, number>();
    // By score, not by place: each renewal moves a member to the end, and all behind it up by one. Those of the last
    // score of a page come again with the next one.
    let [from, skip] = [now, 0];
    for (let pages = 0; found.size < most && pages < 2 * Math.ceil(most / PAGE) + 10; pages++) {
      const page = await this.redis.zrange(key, from, '+inf', 'BYSCORE', 'LIMIT', skip, PAGE, 'WITHSCORES');
      for (let n = 0; n < page.length; n += 2) found.set(page[n] as string, Number(page[n + 1]));
      if (page.length < 2 * PAGE) break;
      const last = Number(page.at(-1));
      // A whole page of one score has no next one.
      skip = last === from ? skip + PAGE : 0;
      from = last;
    }
    return [...found].slice(0, most);
  }

  private async readPods(fleet: Fleet, step: Leases): Promise<void> {
    const rows = await Promise.all(step.map(([id]) => this.redis.hmget(this.keys.pod(id), ...POD)));
    for (const [n, [id, until]] of step.entries()) {
      const row = rows[n] ?? [];
      if (typeof row[STARTED] !== 'string') continue;
      const { contract, ...pod } = readHash(POD_FIELDS, POD, row);
      fleet.contract = Math.max(fleet.contract, contract);
      fleet.pods.push({ id, ...pod, until });
    }
  }

  private async readMachines(fleet: Fleet, step: Leases): Promise<void> {
    const rows = await Promise.all(
      step.map(([id]) =>
        Promise.all([
          this.redis.hmget(this.keys.machine(id), ...MACHINE),
          this.redis.hlen(this.keys.machineAttachments(id)),
        ]),
      ),
    );
    for (const [n, [id, until]] of step.entries()) {
      const [row, attachmentCount] = rows[n] as [(string | null)[], number];
      if (typeof row[NAME] !== 'string') continue; // gone since the index was read
      const { contract, ...machine } = readHash(MACHINE_FIELDS, MACHINE, row);
      fleet.contract = Math.max(fleet.contract, contract);
      fleet.machines.push({ id, ...machine, attachmentCount, until });
    }
  }

  private async readDetails(fleet: Fleet, step: readonly MachineEntry[], details: Details): Promise<void> {
    const values = (wanted: boolean, key: string) => (wanted ? this.redis.hvals(key) : []);
    const rows = await Promise.all(
      step.map(({ id, attachmentCount }) =>
        Promise.all([
          values(details.sessions, this.keys.machineSessions(id)),
          values(details.attachments && attachmentCount > 0, this.keys.machineAttachments(id)),
        ]),
      ),
    );
    for (const [n, { id: machineId }] of step.entries()) {
      const [sessions, attachments] = rows[n] as [string[], string[]];
      fleet.sessions.push(...parsed<SessionInfo>(sessions, machineId));
      fleet.attachments.push(...parsed<AttachmentInfo>(attachments, machineId));
    }
  }
}

function* steps<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += STEP) yield all.slice(at, at + STEP);
}

/** What is no JSON was not written by a relay, and is left out. */
function parsed<T extends object>(rows: readonly string[], machineId: string): (T & { machineId: string })[] {
  return rows.flatMap((row) => {
    try {
      return [{ ...(JSON.parse(row) as T), machineId }];
    } catch {
      return [];
    }
  });
}
