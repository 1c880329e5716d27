// What a connection is made with, and what it tells.
import type { HermitError, MessageOf, RelayToClient } from '@hermit/protocol';
import type { Clock, Dial, Random } from '@hermit/transport';
import type { Authenticated } from './link.ts';
import type { Tuning } from './tuning.ts';

export type User = Authenticated['user'];

export type ConnectionState =
  | { name: 'connecting' }
  | { name: 'live'; user: User; pod: string }
  /** The next try is in `inMs`; `reason` says what went wrong last. */
  | { name: 'reconnecting'; inMs: number; reason: string }
  /** The device says that it has no network; nothing is tried. */
  | { name: 'offline' }
  /** For good. */
  | { name: 'closed'; error: HermitError };

export interface ConnectionEvents {
  state(state: ConnectionState): void;
  machineChanged(machine: MessageOf<RelayToClient, 'machine_changed'>['machine']): void;
  machineRemoved(machineId: string): void;
  /** A session was shared with this user, or is no more. */
  rightsChanged(): void;
  sessionEnded(message: MessageOf<RelayToClient, 'session_ended'>): void;
}

/**
 * The answer to `token`: an access token; null when nobody is logged in; undefined when it cannot be had now.
 */
export type TokenAnswer = string | null | undefined;

export type ConnectionOptions = {
  /** Of the relay's client endpoint, `wss://…/ws/client`. */
  url: string;
  dial: Dial;
  clock: Clock;
  random: Random;
  /** UUIDs. */
  newId: () => string;
  /** `not`: a token that was refused or runs out; it must not be given again. Answers once, at any time. */
  token: (done: (token: TokenAnswer) => void, not: string | null) => void;
  /** What this client calls itself, with its version. */
  clientName?: string;
  tuning?: Partial<Tuning>;
};
