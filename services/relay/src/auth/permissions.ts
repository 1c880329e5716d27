// What somebody may do with a machine or a session, by the role they have there. Pure.

/** The owner of a machine, or somebody with whom one of its sessions is shared. */
export type Role = 'owner' | 'driver' | 'viewer';

export type Action =
  /** See every session of the machine. */
  | 'list'
  /** Start a session. */
  | 'create'
  /** Look at a session. */
  | 'attach'
  | 'type'
  | 'resize'
  /** End a session. */
  | 'kill'
  /** Share a session, list its shares, withdraw them. */
  | 'share';

const ALLOWED: Record<Role, ReadonlySet<Action>> = {
  owner: new Set<Action>(['list', 'create', 'attach', 'type', 'resize', 'kill', 'share']),
  driver: new Set<Action>(['attach', 'type', 'resize']),
  viewer: new Set<Action>(['attach']),
};

export function may(role: Role | null, action: Action): boolean {
  return role !== null && ALLOWED[role].has(action);
}

/** One session, shared with one user or with whoever holds a link. */
export type Share = {
  readonly sessionId: string;
  /** Null: whoever holds the link; the caller has shown it already. */
  readonly userId: string | null;
  readonly role: 'driver' | 'viewer';
  /** Milliseconds since 1970; null: until withdrawn. */
  readonly expiresAt: number | null;
};

/**
 * The role of a user towards a machine (`sessionId` null) or one of its sessions. A share is never good for the whole
 * machine. Null is nobody, who is not to learn that the machine exists.
 */
export function roleOf(
  userId: string,
  target: { ownerId: string; sessionId: string | null },
  shares: readonly Share[],
  now: number,
): Role | null {
  if (userId === target.ownerId) return 'owner';
  if (target.sessionId === null) return null;
  let role: Role | null = null;
  for (const share of shares) {
    if (share.sessionId !== target.sessionId) continue;
    if (share.userId !== null && share.userId !== userId) continue;
    if (share.expiresAt !== null && share.expiresAt <= now) continue;
    if (share.role === 'driver') return 'driver';
    role = 'viewer';
  }
  return role;
}
