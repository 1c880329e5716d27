// Presence inside one process: the same leases and the same fencing as in Redis. The embedded default.
import { type AttachmentInfo, LIMITS, type SessionInfo } from '@hermit/protocol';
import { type Clock, systemClock } from '@hermit/transport';
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

/** The greatest registration of a machine; it outlives the lease (OWN-1). */
type Registered = { epoch: number; instanceId: string; pod: string };
type Machine = { presence: MachinePresence; instanceId: string; until: number; activity: Activity };
type Pod = { presence: PodPresence; until: number };

const NOTHING: Activity = { sessions: [], attachments: [] };

type MemoryPresenceOptions = { clock?: Clock; defer?: (run: () => void) => void };

export class MemoryPresence implements Presence {
  private readonly registered = new Map<string, Registered>();
  private readonly online = new Map<string, Machine>();
  private readonly podLeases = new Map<string, Pod>();
  private readonly clock: Clock;
  private readonly defer: (run: () => void) => void;

  constructor({ clock = systemClock, defer = queueMicrotask }: MemoryPresenceOptions = {}) {
    this.clock = clock;
    this.defer = defer;
  }

  claim(claim: Claim, done: (claimed: Claimed) => void): void {
    const stored = this.registered.get(claim.machineId);
    if (stored && isRefused(claim, stored)) {
      const { epoch: storedEpoch, instanceId: storedInstance } = stored;
      this.defer(() => done({ result: 'refused', storedEpoch, storedInstance }));
      return;
    }
    this.write(claim);
    this.defer(() => done({ result: 'taken' }));
  }

  renew(claim: Claim, done: (renewed: Renewed) => void): void {
    const stored = this.registered.get(claim.machineId);
    if (stored && stored.epoch > claim.epoch) {
      const { instanceId: storedInstance } = stored;
      this.defer(() => done({ result: 'superseded', storedInstance }));
      return;
    }
    const result = this.write(claim) ? 'renewed' : 'rebuilt';
    this.defer(() => done({ result }));
  }

  describe({ machineId, epoch }: Claim, activity: Activity): void {
    const machine = this.owned(machineId, epoch);
    if (!machine) return;
    machine.activity = activity;
    machine.presence.sessionCount = activity.sessions.length;
  }

  release(machineId: string, epoch: number): void {
    if (this.owned(machineId, epoch)) this.online.delete(machineId);
  }

  pod(presence: PodPresence): void {
    this.podLeases.set(presence.id, { presence: { ...presence }, until: this.clock.monotonic() + LIMITS.podLease });
  }

  removePod(id: string): void {
    this.podLeases.delete(id);
  }

  async machines(ids: readonly string[]): Promise<Map<string, MachinePresence>> {
    const found = new Map<string, MachinePresence>();
    for (const id of ids) {
      const machine = this.presenceOf(id);
      if (machine) found.set(id, machine);
    }
    return found;
  }

  /** The same without a promise, for what runs on a virtual clock. */
  presenceOf(id: string): MachinePresence | undefined {
    const machine = this.current(id);
    return machine && { ...machine.presence };
  }

  async sessions(machineId: string): Promise<SessionInfo[]> {
    return [...(this.current(machineId)?.activity.sessions ?? [])].sort(byCreation);
  }

  async attachments(machineId: string): Promise<AttachmentInfo[]> {
    return [...(this.current(machineId)?.activity.attachments ?? [])].sort((a, b) => a.since - b.since);
  }

  async pods(): Promise<PodPresence[]> {
    const now = this.clock.monotonic();
    for (const [id, pod] of this.podLeases) if (pod.until <= now) this.podLeases.delete(id);
    return [...this.podLeases.values()].map(({ presence }) => ({ ...presence }));
  }

  async close(): Promise<void> {}

  /** Writes the lease; true if this very registration was there already. */
  private write(claim: Claim): boolean {
    const { machineId, instanceId, epoch, pod } = claim;
    const before = this.current(machineId);
    const same = before?.presence.epoch === epoch && before.presence.pod === pod;
    // What another connection of the same process said of its sessions still holds; another process has its own.
    const activity = before?.instanceId === instanceId ? before.activity : NOTHING;
    const presence: MachinePresence = {
      machineId,
      userId: claim.userId,
      name: claim.name,
      pod,
      epoch,
      connectedAt: claim.connectedAt,
      lastSeen: this.clock.now(),
      agentVersion: claim.agentVersion,
      sessionCount: activity.sessions.length,
    };
    this.registered.set(machineId, { epoch, instanceId, pod });
    this.online.set(machineId, {
      presence,
      instanceId,
      activity,
      until: this.clock.monotonic() + LIMITS.machineLease,
    });
    return same;
  }

  private current(machineId: string): Machine | undefined {
    const machine = this.online.get(machineId);
    if (!machine || machine.until > this.clock.monotonic()) return machine;
    this.online.delete(machineId);
    return undefined;
  }

  private owned(machineId: string, epoch: number): Machine | undefined {
    const machine = this.current(machineId);
    return machine?.presence.epoch === epoch ? machine : undefined;
  }
}

function isRefused(claim: Claim, stored: Registered): boolean {
  const superseded = claim.lastEpoch > 0 && stored.instanceId !== claim.instanceId && stored.epoch > claim.lastEpoch;
  // The answer to this very claim was lost, and its pod asks again.
  const repeated = stored.epoch === claim.epoch && stored.instanceId === claim.instanceId && stored.pod === claim.pod;
  return superseded || (stored.epoch >= claim.epoch && !repeated);
}
