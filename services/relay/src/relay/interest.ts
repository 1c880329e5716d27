// Which sessions of a machine pods elsewhere look at, as far as they were heard of (INT-2).
import { LIMITS } from '@hermit/protocol';

export class Interest {
  /** When each was heard of last, by the count of what was heard and published. */
  private readonly sessions = new Map<string, number>();
  private serial = 0;

  has(sessionId: string): boolean {
    return this.sessions.has(sessionId);
  }

  /** A message about a session came from another pod: somebody there looks at it. */
  heardOf(sessionId: string): void {
    const { sessions } = this;
    if (sessions.size >= LIMITS.sessionsPerMachine * 4 && !sessions.has(sessionId)) {
      sessions.delete(sessions.keys().next().value as string);
    }
    // The one heard of last is forgotten last.
    sessions.delete(sessionId);
    sessions.set(sessionId, ++this.serial);
  }

  /** Something is being published; what is returned is for `nobodyHeard`. */
  published(): number {
    return ++this.serial;
  }

  /** That publish reached nobody: the interest has gone, unless somebody was heard of since. */
  nobodyHeard(sessionId: string, at: number): void {
    if ((this.sessions.get(sessionId) ?? 0) <= at) this.sessions.delete(sessionId);
  }
}
