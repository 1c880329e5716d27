// Links that are being left: they deliver what fits until every attach over the new one is answered (DRAIN-3).
import type { Clock, Timer } from '@hermit/transport';
import type { Link } from './link.ts';

export class LeftLinks {
  private readonly links = new Map<Link, Timer>();
  private readonly clock: Clock;
  /** None stays longer than this, milliseconds. */
  private readonly grace: number;

  constructor(clock: Clock, grace: number) {
    this.clock = clock;
    this.grace = grace;
  }

  get none(): boolean {
    return this.links.size === 0;
  }

  add(link: Link): void {
    const timer = this.clock.after(this.grace, () => {
      this.links.delete(link);
      link.close('moved');
    });
    this.links.set(link, timer);
  }

  /** It has closed; false: it is none of these. */
  closed(link: Link): boolean {
    this.links.get(link)?.cancel();
    return this.links.delete(link);
  }

  /** None is needed any more. */
  close(reason: string): void {
    for (const [link, timer] of this.links) {
      timer.cancel();
      link.close(reason);
    }
    this.links.clear();
  }
}
