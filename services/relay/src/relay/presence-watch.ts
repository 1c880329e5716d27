// Notices machines whose lease has ended without a word (their pod was killed), for the clients of this pod: whoever ends
// in order says so, and nobody else will.
import type { MachineInfo } from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';
import type { Directory } from './directory.ts';

/** How often leases are looked at; milliseconds. */
const EVERY = 5_000;
/** Machines of one user that are watched. */
const MOST = 1_000;

export class PresenceWatch {
  /** Machines that this user's clients were last told to be online. */
  private readonly online = new Map<string, MachineInfo>();
  private timer: Timer;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly directory: Directory;
  private readonly gone: (machine: MachineInfo) => void;

  constructor(clock: Clock, random: Random, directory: Directory, gone: (machine: MachineInfo) => void) {
    this.clock = clock;
    this.random = random;
    this.directory = directory;
    this.gone = gone;
    this.timer = this.later();
  }

  /** What the clients are being told. */
  told(machine: MachineInfo): void {
    this.online.delete(machine.id);
    if (machine.online && this.online.size < MOST) this.online.set(machine.id, machine);
  }

  stop(): void {
    this.timer.cancel();
    this.online.clear();
  }

  private later(): Timer {
    return this.clock.after(EVERY * (0.8 + 0.4 * this.random()), () => this.look());
  }

  private look(): void {
    this.timer = this.later();
    if (this.online.size === 0) return;
    const asked = new Map(this.online);
    this.directory.online([...asked.keys()], (online) => {
      if (online === null) return;
      for (const machine of asked.values()) {
        if (online.has(machine.id) || this.online.get(machine.id) !== machine) continue;
        this.online.delete(machine.id);
        this.gone({ ...machine, online: false, sessionCount: 0 });
      }
    });
  }
}
