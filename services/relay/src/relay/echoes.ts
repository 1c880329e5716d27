// How long keystrokes take to come back as output, for whoever watches the pod.
import type { Surroundings } from './pod-parts.ts';

/** Output that comes later after a keystroke than this is no echo of it; milliseconds. */
const ECHO_WITHIN = 10_000;

/** Whoever typed; `typedAt`: when input was forwarded whose echo is awaited (monotonic); 0: none. */
type Typist = { typedAt: number };

export class Echoes {
  private readonly pod: Pick<Surroundings, 'clock' | 'observer'>;

  constructor(pod: Pick<Surroundings, 'clock' | 'observer'>) {
    this.pod = pod;
  }

  /** A keystroke is on its way: the next output is taken for its echo. One at a time is measured for each typist. */
  typed(typist: Typist): void {
    if (!this.pod.observer.echo) return;
    const now = this.pod.clock.monotonic();
    if (typist.typedAt === 0 || now - typist.typedAt > ECHO_WITHIN) typist.typedAt = now;
  }

  /** Output reached somebody who had typed; `local`: the agent is on this pod. */
  echoed(typist: Typist, local: boolean): void {
    const elapsed = this.pod.clock.monotonic() - typist.typedAt;
    typist.typedAt = 0;
    if (elapsed <= ECHO_WITHIN) this.pod.observer.echo?.(elapsed, local);
  }
}
