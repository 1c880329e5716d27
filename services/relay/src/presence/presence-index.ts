// The sorted sets that dashboards count by. They live in other hash slots than the machines, so they are written after
// a machine's script agreed, many machines in one command.
import type { Clock, Timer } from '@hermit/transport';

/** Milliseconds for which changes are collected. */
const COLLECT = 20;
/** Members named in one command. */
const CHUNK = 500;

/** `until`: end of the lease, in milliseconds since 1970 by the server's clock. */
type Change = { key: string; member: string; until: number; listed: boolean };

type IndexWriter = (script: 'enlist' | 'delist', key: string, entries: (string | number)[]) => Promise<unknown>;

/** What a failed write leaves out comes with the next renewal. */
export class PresenceIndex {
  private readonly clock: Clock;
  private readonly write: IndexWriter;
  private changes = new Map<string, Change>();
  private timer: Timer | undefined;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, write: IndexWriter) {
    this.clock = clock;
    this.write = write;
  }

  /** The last word on a member counts. */
  set(key: string, member: string, until: number, listed: boolean): void {
    this.changes.set(`${key} ${member}`, { key, member, until, listed });
    this.timer ??= this.clock.after(COLLECT, () => void this.flush());
  }

  /** Resolves once everything has been written, or has failed. */
  async flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    const groups = Map.groupBy(this.changes.values(), ({ key, listed }) => `${listed} ${key}`);
    this.changes = new Map();
    const writes = [...groups.values()].flatMap((group) => {
      const { key, listed } = group[0] as Change;
      const pieces: Promise<unknown>[] = [];
      for (let at = 0; at < group.length; at += CHUNK) {
        const entries = group.slice(at, at + CHUNK).flatMap(({ until, member }) => [until, member]);
        pieces.push(this.write(listed ? 'enlist' : 'delist', key, entries));
      }
      return pieces;
    });
    this.writing = Promise.allSettled([this.writing, ...writes]);
    await this.writing;
  }
}
