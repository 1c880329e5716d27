// What happened to accounts that open sockets have to learn of, on whichever pod they are.

export type AccountsChange =
  | {
      readonly type: 'machine_removed';
      readonly userId: string;
      readonly machineId: string;
      /** Users with whom sessions of it were shared. */
      readonly sharedWith: readonly string[];
    }
  | { readonly type: 'machine_renamed'; readonly userId: string; readonly machineId: string; readonly name: string }
  /** Its agent must come back with the new token. */
  | { readonly type: 'machine_token_rotated'; readonly userId: string; readonly machineId: string }
  /** A session was shared with this user, or a share of theirs was changed or withdrawn: what they may is to be asked anew. */
  | { readonly type: 'rights_changed'; readonly userId: string; readonly machineId: string; readonly sessionId: string }
  /** Logged out, or a token was used twice. `loginIds` null: all of this user's. */
  | { readonly type: 'logins_ended'; readonly userId: string; readonly loginIds: readonly string[] | null };

/** Called after the change is stored. It must not throw, and nobody waits for it. */
export type OnChange = (change: AccountsChange) => void;
