// How a pod is left: everybody is asked to move, and whoever stays is closed in the end.
import { CLOSE, type CloseRule } from '@hermit/protocol';
import type { Surroundings } from './pod-parts.ts';

/** A connection that is to move. */
interface Guest {
  send(m: { type: 'draining'; withinMs: number }): void;
  dismiss(rule: CloseRule): void;
}

interface DepartureHost extends Pick<Surroundings, 'clock' | 'random' | 'log' | 'counters'> {
  readonly agents: ReadonlySet<Guest>;
  readonly clients: ReadonlySet<Guest>;
  /** Tells presence how the pod is, now. */
  beat(): void;
}

export class Departure {
  begun = false;
  private readonly pod: DepartureHost;
  /** Its time is over. */
  private closing = false;
  private emptied: (() => void) | null = null;

  constructor(pod: DepartureHost) {
    this.pod = pod;
  }

  /** Spread over `withinMs`, at whose end those that are left are closed with 1012. `done` runs once nobody is left. */
  begin(withinMs: number, done: () => void): void {
    this.begun = true;
    this.pod.beat();
    const { agents, clients, clock, random, counters, log } = this.pod;
    const started = clock.monotonic();
    log('drain_started', { agents: agents.size, clients: clients.size, withinMs });
    this.emptied = () => {
      const { drainMoved: moved, drainClosed: closed } = counters;
      log('drain_finished', { moved, closed, ms: Math.round(clock.monotonic() - started) });
      done();
    };
    const spread = withinMs * 0.8;
    for (const guests of [agents, clients]) {
      for (const guest of guests) clock.after(random() * spread, () => guest.send({ type: 'draining', withinMs }));
    }
    clock.after(withinMs, () => this.end());
    this.checkEmpty();
  }

  /** Whoever is still here is closed; they may come again at once. */
  end(): void {
    this.begun = true;
    this.closing = true;
    const { agents, clients } = this.pod;
    for (const guests of [clients, agents]) for (const guest of guests) guest.dismiss(CLOSE.restart);
  }

  /** A connection has ended, whether it moved or not. */
  left(): void {
    if (this.closing) this.pod.counters.drainClosed++;
    else if (this.begun) this.pod.counters.drainMoved++;
    this.checkEmpty();
  }

  private checkEmpty(): void {
    if (!this.emptied || this.pod.agents.size > 0 || this.pod.clients.size > 0) return;
    const done = this.emptied;
    this.emptied = null;
    done();
  }
}
