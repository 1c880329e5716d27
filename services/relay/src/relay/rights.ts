// What one client may do, asked anew whenever it may have changed: a share withdrawn or run out, a machine removed.
import { HermitError } from '@hermit/protocol';
import type { Timer } from '@hermit/transport';
import { may, type Role } from '../auth/permissions.ts';
import type { Surroundings } from './pod-parts.ts';
import type { Viewer } from './viewer.ts';

/** `until`: it may be another from then on, milliseconds since 1970; null: no end is known. */
export type Right = { readonly role: Role; readonly until: number | null };
/** An attachment, the right it stands on, and the timer of that right's end. */
export type Seat = {
  readonly viewer: Viewer;
  right: Right;
  expiry: Timer | null;
  /** Its looking was told. */
  told: boolean;
};

/** Most rights have no end: those of one role are the same one. */
const lasting: Partial<Record<Role, Right>> = {};

function rightOf(role: Role, until: number | null): Right {
  if (until !== null) return { role, until };
  lasting[role] ??= { role, until };
  return lasting[role];
}

export interface RightsHost extends Pick<Surroundings, 'clock' | 'directory'> {
  /** How often the rights of a user have changed: an answer from before the last time is none. */
  readonly users: { changesOf(userId: string): number };
}

/** Who has rights, and what hangs on them. */
export interface RightsHolder {
  readonly pod: RightsHost;
  /** Null once the socket is closed, or before anybody has authenticated on it. */
  readonly userId: string | null;
  readonly taken: { readonly all: readonly Seat[]; of(sessionId: string): Seat | undefined };
  /** The right has gone, or nobody can tell (UNAVAILABLE). */
  lost(seat: Seat, why: HermitError): void;
  /** Typing has become allowed, or forbidden. */
  altered(seat: Seat): void;
}

/** Answers that were overtaken by a change are asked for again, so many times. */
const TRIES = 3;
/** The longest timer, in milliseconds; it asks early then, and sets the next. */
const LONGEST = 3_600_000;

export class Rights {
  private readonly holder: RightsHolder;

  constructor(holder: RightsHolder) {
    this.holder = holder;
  }

  /** The right at this moment: an answer that may be older than the latest change is not good enough. */
  ask(
    machineId: string,
    sessionId: string | null,
    granted: (right: Right) => void,
    refused: (why: HermitError) => void,
  ): void {
    const { holder } = this;
    const { pod } = holder;
    const ask = (triesLeft: number) => {
      const id = holder.userId;
      if (id === null) return;
      const asOf = pod.users.changesOf(id);
      pod.directory.role(id, machineId, sessionId, (role, until = null) => {
        if (holder.userId === null) return;
        if (pod.users.changesOf(id) !== asOf) {
          if (triesLeft > 0) ask(triesLeft - 1);
          else refused(new HermitError('UNAVAILABLE'));
        } else if (role instanceof HermitError) refused(role);
        else granted(rightOf(role, until));
      });
    };
    ask(TRIES);
  }

  /** The seat stands on this right until its end, and is asked for again then. */
  hold(seat: Seat, right: Right): void {
    this.letGo(seat);
    seat.right = right;
    if (right.until === null) return;
    const { clock } = this.holder.pod;
    const left = Math.min(Math.max(0, right.until - clock.now()), LONGEST);
    seat.expiry = clock.after(left, () => this.check(seat));
  }

  letGo(seat: Seat): void {
    seat.expiry?.cancel();
    seat.expiry = null;
  }

  /** Something has changed for this user; null: with whichever machine, with whichever session. */
  changed(machineId: string | null, sessionId: string | null): void {
    for (const seat of this.holder.taken.all) {
      const { viewer } = seat;
      if (machineId !== null && viewer.machineId !== machineId) continue;
      if (sessionId !== null && viewer.sessionId !== sessionId) continue;
      this.check(seat);
    }
  }

  /** Whoever cannot be proven to have a right has none. */
  private check(seat: Seat): void {
    const { machineId, sessionId } = seat.viewer;
    const gone = () => this.holder.taken.of(sessionId) !== seat;
    this.ask(
      machineId,
      sessionId,
      (right) => {
        if (gone()) return;
        if (!may(right.role, 'attach')) this.holder.lost(seat, new HermitError('FORBIDDEN'));
        else if (may(right.role, 'type') === may(seat.right.role, 'type')) this.hold(seat, right);
        else this.holder.altered(seat);
      },
      (why) => {
        if (!gone()) this.holder.lost(seat, why);
      },
    );
  }
}
