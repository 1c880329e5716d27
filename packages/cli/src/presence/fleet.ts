// What Redis shows of a cluster at one moment. The contract is docs/redis.md; nothing here comes from a relay.
import type { AttachmentInfo, MachineHash, PodHash, SessionInfo } from '@hermit/protocol';

/** Times are milliseconds since 1970, by the clock of Redis unless said otherwise. */
export type PodEntry = { id: string } & Omit<PodHash, 'contract'> & {
    /** End of the lease. */
    until: number;
  };

export type MachineEntry = { id: string } & Omit<MachineHash, 'epoch' | 'instance' | 'contract'> & {
    attachmentCount: number;
    until: number;
  };

export type SessionEntry = SessionInfo & { machineId: string };
export type AttachmentEntry = AttachmentInfo & { machineId: string };

export type Fleet = {
  at: number;
  pods: PodEntry[];
  machines: MachineEntry[];
  /** Only where they were asked for. */
  sessions: SessionEntry[];
  attachments: AttachmentEntry[];
  /** Machines that were left out, because there are more than one look takes. */
  leftOut: number;
  /** The greatest version of the contract that was met. */
  contract: number;
};
