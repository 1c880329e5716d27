// The people whose clients are on this pod: what they are told, and what has changed about them.
import type { MachineInfo, RelayToClient } from '@hermit/protocol';
import { Bucket } from './bucket.ts';
import type { KnownClient } from './directory.ts';
import { type PodMessage, parsed } from './pod-channels.ts';
import type { Surroundings } from './pod-parts.ts';
import { PresenceWatch } from './presence-watch.ts';

/**
 * What all sockets of a user together may say to this pod: at once, and each second after it. Far above what people do,
 * also when two thousand sockets of theirs come back at once; each socket has a lesser bound of its own.
 */
const ALLOWANCE = {
  texts: { burst: 20_000, perSecond: 2_000 },
  frames: { burst: 200_000, perSecond: 100_000 },
  /** Whatever asks the database. */
  questions: { burst: 6_000, perSecond: 200 },
} as const;
type Allowance = keyof typeof ALLOWANCE;

type UsersHost = Pick<Surroundings, 'bus' | 'names' | 'clock' | 'random' | 'directory'>;

/** A socket of theirs. */
interface UserSocket {
  readonly who: KnownClient | null;
  send(m: RelayToClient): void;
  /** What it was to hear may have been lost. */
  recheck(): void;
  rightsChanged(machineId: string, sessionId: string | null): void;
  /** Its login was ended. */
  revoke(): void;
}

/** One of them. */
type Guest = {
  /** The token that was read last. */
  who: KnownClient;
  readonly clients: Set<UserSocket>;
  readonly watch: PresenceWatch;
  /** How often the rights of this user have changed. */
  changes: number;
  readonly buckets: Readonly<Record<Allowance, Bucket>>;
};

/** The one that is known, where it is the same text. */
const again = <T>(now: T, known: T): T => (now === known ? known : now);

export class Users {
  /** Logins that were ended so far, of whomever. */
  endings = 0;
  private readonly pod: UsersHost;
  private readonly guests = new Map<string, Guest>();

  constructor(pod: UsersHost) {
    this.pod = pod;
  }

  /** Sockets of a user on this pod. */
  socketsOf(userId: string): number {
    return this.guests.get(userId)?.clients.size ?? 0;
  }

  /** How often the rights of a user who is here have changed: an answer from before the last time is none. */
  changesOf(userId: string): number {
    return this.guests.get(userId)?.changes ?? 0;
  }

  /** Whether a user who is here may do so much more of it. */
  allows(userId: string, what: Allowance, cost = 1): boolean {
    return this.guests.get(userId)?.buckets[what].take(this.pod.clock.monotonic(), cost) ?? false;
  }

  /** With what the same user's other sockets have: each token that is read brings its own copies. */
  same(who: KnownClient): KnownClient {
    const guest = this.guests.get(who.userId);
    if (!guest) return who;
    const { userId, email, loginId, expiresAt } = guest.who;
    if (who.email !== email || who.loginId !== loginId || who.expiresAt !== expiresAt)
      guest.who = { ...who, userId, email: again(who.email, email), loginId: again(who.loginId, loginId) };
    return guest.who;
  }

  known(client: UserSocket, who: KnownClient): void {
    const { userId } = who;
    const guest = this.guests.get(userId);
    if (guest) {
      guest.clients.add(client);
      return;
    }
    const { bus, clock, names, random, directory } = this.pod;
    const gone = (machine: MachineInfo) =>
      this.hear(userId, { type: 'tell', message: { type: 'machine_changed', machine } });
    const watch = new PresenceWatch(clock, random, directory, gone);
    const clients = new Set([client]);
    const { texts, frames, questions } = ALLOWANCE;
    const buckets = { texts: new Bucket(texts), frames: new Bucket(frames), questions: new Bucket(questions) };
    this.guests.set(userId, { who, clients, watch, changes: 0, buckets });
    // What was said before the subscription stood was not heard.
    const heard = () => {
      for (const each of [...clients]) each.recheck();
    };
    bus.subscribe(names.userChannel(userId), (message) => this.fromBus(userId, message), heard);
  }

  gone(client: UserSocket): void {
    const userId = client.who?.userId;
    const guest = userId === undefined ? undefined : this.guests.get(userId);
    if (userId === undefined || !guest?.clients.delete(client) || guest.clients.size > 0) return;
    this.guests.delete(userId);
    guest.watch.stop();
    this.pod.bus.unsubscribe(this.pod.names.userChannel(userId));
  }

  /** A client of this user is being told so: should the machine vanish without a word, it is told that as well. */
  shown(userId: string, machine: MachineInfo): void {
    this.guests.get(userId)?.watch.told(machine);
  }

  private fromBus(userId: string, message: Buffer): void {
    const m = parsed(message);
    if (m !== null) this.hear(userId, m);
  }

  /** What is said to a user, wherever it was said. */
  hear(userId: string, m: PodMessage): void {
    if (m.type === 'logins_ended') this.endings++;
    const guest = this.guests.get(userId);
    if (!guest) return;
    if (m.type === 'tell' && m.message.type === 'machine_changed') guest.watch.told(m.message.machine);
    if (m.type === 'rights') guest.changes++;
    for (const client of [...guest.clients]) {
      if (m.type === 'tell') client.send(m.message);
      else if (m.type === 'rights') {
        const { machineId, sessionId } = m;
        client.rightsChanged(machineId, sessionId);
        client.send({ type: 'rights_changed', machineId, ...(sessionId === null ? {} : { sessionId }) });
      } else if (m.type === 'logins_ended') {
        const { loginIds } = m;
        const loginId = client.who?.loginId;
        if (loginIds === null || (loginId && loginIds.includes(loginId))) client.revoke();
      }
    }
  }
}
