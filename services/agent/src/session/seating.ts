// Who drives a session and whose size counts, over time: people come, go, type, take the wheel, change the policy.
import type { Size, SizePolicy } from '@hermit/protocol';
import type { Attachment } from './attachment.ts';
import type { Place } from './departed.ts';
import { driverOf, sizeOf } from './size-policy.ts';

export interface SeatingHost {
  readonly attachments: ReadonlyMap<string, Attachment>;
  readonly size: Size;
  /** Makes the terminal this size; false: it has it already, or has ended. */
  resize(size: Size): boolean;
  /** Driver, size or policy are others now. */
  reseated(): void;
}

export class Seating {
  driver: string | null = null;
  policy: SizePolicy;
  /** Orders comings and first keystrokes: greater is later. */
  serial = 0;
  private readonly host: SeatingHost;

  constructor(host: SeatingHost, policy: SizePolicy) {
    this.host = host;
    this.policy = policy;
  }

  /** When the next one comes. */
  next(): number {
    return ++this.serial;
  }

  /** `place`: theirs, of a moment ago. Who drove before its connection closed drives again, unless another has taken over. */
  welcome(a: Attachment, place: Place | null): void {
    const driver = this.host.attachments.get(this.driver ?? '');
    this.settle(place?.drove && (driver?.typed ?? 0) <= place.serial ? a.id : this.driver);
  }

  typed(a: Attachment): void {
    if (a.typed === this.serial && this.driver === a.id) return;
    a.typed = ++this.serial;
    this.settle(this.policy === 'latest' ? a.id : this.driver);
  }

  /** False: it drives already, and nothing was told. */
  drive(a: Attachment): boolean {
    a.typed = ++this.serial;
    return this.settle(a.id);
  }

  /** `size`: of the terminal, from now on and by itself; for the policy `fixed`. */
  change(policy: SizePolicy, size: Size | null): void {
    this.policy = policy;
    if (size) this.host.resize(size);
    if (!this.settle()) this.host.reseated();
  }

  /** Decides anew, after anything that may have changed it. True when something has, which was told. */
  settle(wanted: string | null = this.driver): boolean {
    const { driver: before, host } = this;
    const seats = [...host.attachments.values()];
    this.driver = driverOf(seats, wanted);
    const resized = host.resize(sizeOf(this.policy, seats, this.driver, host.size));
    if (!resized && this.driver === before) return false;
    host.reseated();
    return true;
  }
}
