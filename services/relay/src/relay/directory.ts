// What the core asks about accounts. The adapter stands in accounts/; the core never waits, it is called back.
import type { HermitError, MachineInfo } from '@hermit/protocol';
import type { Role } from '../auth/permissions.ts';

export type KnownClient = {
  userId: string;
  email: string;
  /** The login the token came from; null for a token that names none. */
  loginId: string | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
};
export type KnownMachine = { machineId: string; userId: string; name: string };

/** Callbacks run once, never inside the call. Each has a deadline, after which it answers UNAVAILABLE. */
export interface Directory {
  /** INVALID_TOKEN, USER_NOT_FOUND; RATE_LIMITED for an introduction too many. */
  client(token: string, done: (who: KnownClient | HermitError) => void, introduction?: boolean): void;
  /** Whether somebody who was known by a token still is, whose login may have ended: null, or as `client`. */
  still(who: KnownClient, done: (why: HermitError | null) => void): void;
  /**
   * INVALID_TOKEN, MACHINE_NAME_MISMATCH; RATE_LIMITED for an introduction too many. `machineName` null: whatever it is
   * called.
   */
  agent(
    token: string,
    machineName: string | null,
    done: (machine: KnownMachine | HermitError) => void,
    introduction?: boolean,
  ): void;
  /** The machines of a user, with their presence. */
  machines(userId: string, done: (machines: MachineInfo[] | HermitError) => void): void;
  /**
   * What a user is to a machine, or to one of its sessions, at this moment. MACHINE_NOT_FOUND for nobody. `until`: ask
   * again then, milliseconds since 1970; null or missing: no end is known.
   */
  role(
    userId: string,
    machineId: string,
    sessionId: string | null,
    done: (role: Role | HermitError, until?: number | null) => void,
  ): void;
  /** Of which of these machines somebody holds the lease; null when nobody can tell. */
  online(machineIds: readonly string[], done: (online: ReadonlySet<string> | null) => void): void;
  /** An agent came, or left; milliseconds since 1970. */
  seen(machineId: string, at: number): void;
}
