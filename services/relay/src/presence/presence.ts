// Who owns which machine, and what runs there: leases in Redis that the owner renews. Adapters: presence-memory.ts,
// presence-redis.ts. The keys are a public contract: docs/redis.md.
import type { AttachmentInfo, MachineHash, PodHash, SessionInfo } from '@hermit/protocol';

/** One registration of an agent. The agent chose the epoch (OWN-1). */
export type Claim = {
  machineId: string;
  userId: string;
  name: string;
  pod: string;
  epoch: number;
  instanceId: string;
  /** The greatest epoch that this agent process has held; 0: none yet. */
  lastEpoch: number;
  agentVersion: string;
  /** Milliseconds since 1970. */
  connectedAt: number;
};

export type Claimed =
  | { result: 'taken' }
  /**
   * A greater or equal epoch is stored (OWN-6 names it), or another process (`storedInstance`) has registered since
   * this one's `lastEpoch`: then this one was superseded and must not fight its way back.
   */
  | { result: 'refused'; storedEpoch: number; storedInstance: string }
  /** The store did not answer; ask again. */
  | { result: 'unavailable' };

export type Renewed =
  | { result: 'renewed' }
  /** Nothing was stored (an expired lease, a wiped store): it is again, without sessions; describe them anew. */
  | { result: 'rebuilt' }
  | { result: 'superseded'; storedInstance: string }
  | { result: 'unavailable' };

/** What runs on a machine, and who looks at it. */
export type Activity = { sessions: readonly SessionInfo[]; attachments: readonly AttachmentInfo[] };

export type MachinePresence = { machineId: string } & Omit<MachineHash, 'instance' | 'contract'>;

export type PodPresence = { id: string } & Omit<PodHash, 'contract'>;

/**
 * Every write to a machine is one script, conditional on the epoch: a pod that lost ownership can't write, renew or
 * delete. The stored epoch outlives the lease. Callbacks never run inside the call; each has a deadline of its own
 * after which it answers `unavailable`.
 */
export interface Presence {
  /**
   * Registers only if the epoch is greater than what is stored, and not if `lastEpoch` is above 0, another instance
   * is stored and the stored epoch is greater than `lastEpoch` (OWN-6). A claim that its own pod repeats, because the
   * answer was lost, is taken again.
   */
  claim(claim: Claim, done: (claimed: Claimed) => void): void;
  /** Extends the lease if nothing is stored or the stored epoch is at most this one. */
  renew(claim: Claim, done: (renewed: Renewed) => void): void;
  /** Replaces what presence shows of the machine's sessions and attachments; nothing happens without ownership. */
  describe(claim: Claim, activity: Activity): void;
  /** Ends the lease at once, keeping the epoch; nothing happens without ownership. */
  release(machineId: string, epoch: number): void;
  /** Heartbeat of a pod, a lease as well. */
  pod(pod: PodPresence): void;
  removePod(id: string): void;

  /** Those that are online now, by machine id; what is missing is offline. Rejects with UNAVAILABLE. */
  machines(ids: readonly string[]): Promise<Map<string, MachinePresence>>;
  /** As last described, by creation; none if the machine is offline. Rejects with UNAVAILABLE. */
  sessions(machineId: string): Promise<SessionInfo[]>;
  /** Who looks at them, as last described, the longest first. Rejects with UNAVAILABLE. */
  attachments(machineId: string): Promise<AttachmentInfo[]>;
  /** Those whose lease holds. Rejects with UNAVAILABLE. */
  pods(): Promise<PodPresence[]>;
  close(): Promise<void>;
}

/** The order in which sessions are listed. */
export function byCreation(a: SessionInfo, b: SessionInfo): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
