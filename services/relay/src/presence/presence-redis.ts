// Presence in Redis: leases that expire by themselves, written through scripts that are conditional on the epoch.
import {
  type AttachmentInfo,
  HermitError,
  LIMITS,
  MACHINE_FIELDS,
  namesOf,
  POD_FIELDS,
  PRESENCE_VERSION,
  readHash,
  type SessionInfo,
  writeHash,
} from '@hermit/protocol';
import { type Clock, systemClock } from '@hermit/transport';
import type { RedisConnections } from '../redis/redis-connection.ts';
import { type RedisNames, redisNames } from '../redis/redis-names.ts';
import {
  type Activity,
  byCreation,
  type Claim,
  type Claimed,
  type MachinePresence,
  type PodPresence,
  type Presence,
  type Renewed,
} from './presence.ts';
import { PresenceIndex } from './presence-index.ts';
import { type Scripted, withScripts } from './presence-scripts.ts';

/** Milliseconds. */
export type PresenceTimings = {
  machineLease: number;
  podLease: number;
  /** How long a machine's epoch is remembered after its lease ended (OWN-1): longer than a pod may stand still. */
  epochMemory: number;
  /** After this time without an answer a command counts as failed. */
  deadline: number;
};

const TIMINGS: PresenceTimings = {
  machineLease: LIMITS.machineLease,
  podLease: LIMITS.podLease,
  epochMemory: 7 * 24 * 3_600_000,
  deadline: 3_000,
};

/** For logs and metrics. */
export type PresenceObserver = {
  /** A command was answered after so many milliseconds. */
  answered?: (elapsed: number) => void;
  failed?: (error: Error) => void;
};

type RedisPresenceOptions = {
  clock?: Clock;
  timings?: Partial<PresenceTimings>;
  observer?: PresenceObserver;
};

const MACHINE = namesOf(MACHINE_FIELDS).filter((name) => name !== 'instance' && name !== 'contract');
const POD = namesOf(POD_FIELDS).filter((name) => name !== 'contract');
/** There in every hash of a lease that holds. */
const EPOCH = MACHINE.indexOf('epoch');
const STARTED = POD.indexOf('started');

/** What a machine is to be described as; kept until the server has taken it. */
type Description = { epoch: number; activity: Activity };

export class RedisPresence implements Presence {
  private readonly commands: Scripted;
  private readonly names: RedisNames;
  private readonly clock: Clock;
  private readonly timings: PresenceTimings;
  private readonly observer: PresenceObserver;
  private readonly index: PresenceIndex;
  private readonly descriptions = new Map<string, Description>();
  private readonly describing = new Set<string>();
  private readonly open = new Set<Promise<unknown>>();

  constructor(connections: RedisConnections, options: RedisPresenceOptions = {}) {
    this.commands = withScripts(connections.commands);
    this.names = redisNames(connections.prefix);
    this.clock = options.clock ?? systemClock;
    this.timings = { ...TIMINGS, ...options.timings };
    this.observer = options.observer ?? {};
    this.index = new PresenceIndex(this.clock, (script, key, entries) =>
      script === 'enlist'
        ? this.ask(() => this.commands.presenceEnlist(key, this.leaseOf(key), ...entries))
        : this.ask(() => this.commands.presenceDelist(key, ...entries)),
    );
  }

  /** Commands can be sent: what readiness asks. */
  get available(): boolean {
    return this.commands.status === 'ready';
  }

  claim(claim: Claim, done: (claimed: Claimed) => void): void {
    this.hold('claim', claim).then(
      (answer) => {
        if (answer.result !== 'refused') return done({ result: 'taken' });
        const { storedEpoch, storedInstance } = answer;
        done({ result: 'refused', storedEpoch, storedInstance });
      },
      () => done({ result: 'unavailable' }),
    );
  }

  renew(claim: Claim, done: (renewed: Renewed) => void): void {
    this.hold('renew', claim).then(
      (answer) => {
        if (answer.result === 'refused') {
          this.descriptions.delete(claim.machineId);
          return done({ result: 'superseded', storedInstance: answer.storedInstance });
        }
        this.sendDescription(claim.machineId);
        done({ result: answer.there ? 'renewed' : 'rebuilt' });
      },
      () => done({ result: 'unavailable' }),
    );
  }

  describe({ machineId, epoch }: Claim, activity: Activity): void {
    this.descriptions.set(machineId, { epoch, activity });
    this.sendDescription(machineId);
  }

  release(machineId: string, epoch: number): void {
    const { names } = this;
    this.descriptions.delete(machineId);
    const keys = this.machineKeys(machineId);
    this.later(async () => {
      const released = await this.ask(() => this.commands.presenceRelease(...keys, epoch));
      if (!released) return;
      const [userId, lastSeen] = released;
      // The end of the very lease that was released: who has claimed since has a later one.
      const until = Number(lastSeen) + this.timings.machineLease;
      this.index.set(names.machinesOnline, machineId, until, false);
      this.index.set(names.userMachines(userId), machineId, until, false);
    });
  }

  pod(pod: PodPresence): void {
    const { names, timings } = this;
    const { id, ...figures } = pod;
    const fields = writeHash(POD_FIELDS, { ...figures, contract: PRESENCE_VERSION });
    this.later(async () => {
      const now = await this.ask(() => this.commands.presenceBeat(names.pod(id), timings.podLease, ...fields));
      this.index.set(names.pods, id, now + timings.podLease, true);
    });
  }

  removePod(id: string): void {
    const { names } = this;
    this.later(async () => {
      await this.ask(() => this.commands.del(names.pod(id)));
      this.index.set(names.pods, id, Number.MAX_SAFE_INTEGER, false);
    });
  }

  async machines(ids: readonly string[]): Promise<Map<string, MachinePresence>> {
    const found = new Map<string, MachinePresence>();
    if (ids.length === 0) return found;
    const rows = await this.ask(() =>
      Promise.all(ids.map((id) => this.commands.hmget(this.names.machine(id), ...MACHINE))),
    );
    ids.forEach((id, at) => {
      const row = rows[at] ?? [];
      // Nothing where the lease has ended.
      if (typeof row[EPOCH] === 'string') found.set(id, { machineId: id, ...readHash(MACHINE_FIELDS, MACHINE, row) });
    });
    return found;
  }

  async sessions(machineId: string): Promise<SessionInfo[]> {
    const rows = await this.ask(() => this.commands.hvals(this.names.machineSessions(machineId)));
    return rows.map((row) => JSON.parse(row) as SessionInfo).sort(byCreation);
  }

  async attachments(machineId: string): Promise<AttachmentInfo[]> {
    const rows = await this.ask(() => this.commands.hvals(this.names.machineAttachments(machineId)));
    return rows.map((row) => JSON.parse(row) as AttachmentInfo).sort((a, b) => a.since - b.since);
  }

  async pods(): Promise<PodPresence[]> {
    const ids = await this.ask(() => this.commands.presenceList(this.names.pods));
    const rows = await this.ask(() => Promise.all(ids.map((id) => this.commands.hmget(this.names.pod(id), ...POD))));
    return ids.flatMap((id, at) => {
      const row = rows[at] ?? [];
      return typeof row[STARTED] === 'string' ? { id, ...readHash(POD_FIELDS, POD, row) } : [];
    });
  }

  /** Waits for what is under way; the connection belongs to who opened it. */
  async close(): Promise<void> {
    await Promise.allSettled(this.open);
    await this.index.flush();
  }

  private async hold(
    mode: 'claim' | 'renew',
    claim: Claim,
  ): Promise<{ result: 'held'; there: boolean } | { result: 'refused'; storedEpoch: number; storedInstance: string }> {
    const { names, timings } = this;
    const { machineId, epoch, lastEpoch, instanceId, pod, userId, name, connectedAt, agentVersion } = claim;
    const keys = [names.machineEpoch(machineId), ...this.machineKeys(machineId)];
    const terms = [mode, epoch, instanceId, pod, lastEpoch, timings.machineLease, timings.epochMemory];
    const fields = { userId, name, pod, epoch, instance: instanceId, connectedAt, agentVersion };
    const written = writeHash(MACHINE_FIELDS, { ...fields, contract: PRESENCE_VERSION });
    const reply = await this.ask(() => this.commands.presenceHold(...keys, ...terms, ...written));
    if (reply[0] === 'refused') {
      return { result: 'refused', storedEpoch: Number(reply[1]), storedInstance: reply[2] };
    }
    const until = reply[1] + timings.machineLease;
    this.index.set(names.machinesOnline, machineId, until, true);
    this.index.set(names.userMachines(userId), machineId, until, true);
    return { result: 'held', there: reply[2] === 1 };
  }

  private machineKeys(id: string): [machine: string, sessions: string, attachments: string] {
    return [this.names.machine(id), this.names.machineSessions(id), this.names.machineAttachments(id)];
  }

  private leaseOf(key: string): number {
    return key === this.names.pods ? this.timings.podLease : this.timings.machineLease;
  }

  /** One at a time for each machine, the latest last. What the server did not take goes with the next renewal. */
  private sendDescription(machineId: string): void {
    const description = this.descriptions.get(machineId);
    if (!description || this.describing.has(machineId)) return;
    this.describing.add(machineId);
    const { epoch, activity } = description;
    const { sessions, attachments } = activity;
    const rows = [...sessions, ...attachments].flatMap((row: SessionInfo | AttachmentInfo) => [
      row.id,
      JSON.stringify(row),
    ]);
    this.later(async () => {
      try {
        const keys = this.machineKeys(machineId);
        await this.ask(() => this.commands.presenceDescribe(...keys, epoch, sessions.length, ...rows));
      } finally {
        this.describing.delete(machineId);
      }
      if (this.descriptions.get(machineId) === description) this.descriptions.delete(machineId);
      else this.sendDescription(machineId);
    });
  }

  /** Nobody waits for the outcome; `close` does. */
  private later(run: () => Promise<void>): void {
    const running = run().catch(() => {
      // The observer has heard of it, and the lease makes up for it.
    });
    this.open.add(running);
    void running.then(() => this.open.delete(running));
  }

  /** Rejects with UNAVAILABLE: at once when there is no connection, and at the deadline. */
  private async ask<T>(run: () => Promise<T>): Promise<T> {
    if (!this.available) throw new HermitError('UNAVAILABLE');
    const since = this.clock.monotonic();
    const late = Promise.withResolvers<never>();
    const timer = this.clock.after(this.timings.deadline, () =>
      late.reject(new Error('Redis did not answer in time.')),
    );
    try {
      const answer = await Promise.race([run(), late.promise]);
      this.observer.answered?.(this.clock.monotonic() - since);
      return answer;
    } catch (error) {
      this.observer.failed?.(error as Error);
      throw new HermitError('UNAVAILABLE');
    } finally {
      timer.cancel();
    }
  }
}
