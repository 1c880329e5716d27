// Accounts: users, their logins and their machines. What is true for longer than a connection lives here.
import type { Sql } from 'postgres';
import type { Tokens } from '../auth/tokens.ts';
import { withDeadline } from './availability.ts';
import type { OnChange } from './changes.ts';
import { createDevices } from './devices.ts';
import { createIdentities } from './identities.ts';
import { createInvites } from './invites.ts';
import { createLogins } from './logins.ts';
import { createMachines } from './machines.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import { createShares } from './shares.ts';
import { createSignInLinks } from './sign-in-links.ts';
import { createTidying } from './tidying.ts';
import { createUsers, type Registration } from './users.ts';

export type { AccountsChange, OnChange } from './changes.ts';
export type { DeviceOutcome, DeviceRequest } from './devices.ts';
export type { IdentityClaims } from './identities.ts';
export type { Invite } from './invites.ts';
export { type Login, type LoginInfo, type Origin, TokenReused } from './logins.ts';
export type { Machine, MachineWithToken } from './machines.ts';
export type { GivenShare, NewShare, ReceivedShare, Rights, ShareRole } from './shares.ts';
export type { Credentials, NewUser, Registration, User } from './users.ts';

export type AccountsOptions = {
  sql: Sql;
  tokens: Tokens;
  registration?: Registration;
  machinesPerUser?: number;
  /** Whether whoever the provider of single sign-on knows gets an account; else as registration is. */
  singleSignOnOpens?: boolean | undefined;
  /** Milliseconds that the audit is kept. */
  auditLife?: number;
  passwords?: Passwords;
  /** Told of what open sockets have to learn, on this pod and the others. */
  onChange?: OnChange;
  /** Milliseconds since 1970. */
  now?: () => number;
};

export type Accounts = ReturnType<typeof createAccounts>;

/** Rejections are HermitErrors that each method names; besides, UNAVAILABLE while the database does not answer. */
export function createAccounts(options: AccountsOptions) {
  const { sql, tokens, registration = 'open', machinesPerUser = 1000, onChange = () => {}, now = Date.now } = options;
  const { auditLife = 90 * 86_400_000, singleSignOnOpens = registration === 'open' } = options;
  const passwords = options.passwords ?? createPasswords();
  const { openLoginFor, ...logins } = createLogins({ sql, tokens, onChange, now });
  const { addMachine, replaceToken, ...machines } = createMachines({ sql, onChange, machinesPerUser });
  return withDeadline({
    ...createUsers({ sql, passwords, registration, now }),
    ...createInvites({ sql, now }),
    ...createIdentities({ sql, now, open: singleSignOnOpens }),
    ...logins,
    ...machines,
    ...createDevices({ sql, now, onChange, openLoginFor, addMachine, replaceToken }),
    ...createShares({ sql, onChange, now }),
    ...createSignInLinks({ sql, now, openLoginFor }),
    ...createTidying({ sql, now, auditLife }),
  });
}
