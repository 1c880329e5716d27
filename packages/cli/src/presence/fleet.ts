// What Redis shows of a cluster at one moment. The contract is docs/redis.md; nothing here comes from a relay.
import type { AttachmentInfo, SessionInfo } from '@hermit/protocol';

/** The version of the contract that this was written for. */
export const CONTRACT = 1;

/** Times are milliseconds since 1970, by the clock of Redis unless said otherwise. */
export type PodEntry = {
  id: string;
  version: string;
  /** By the pod's own clock. */
  started: number;
  agents: number;
  clients: number;
  sessions: number;
  attachments: number;
  draining: boolean;
  bytesIn: number;
  bytesOut: number;
  /** End of the lease. */
  until: number;
};

export type MachineEntry = {
  id: string;
  name: string;
  userId: string;
  pod: string;
  agentVersion: string;
  connectedAt: number;
  lastSeen: number;
  sessionCount: number;
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
