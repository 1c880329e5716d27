// A fresh access token on the open socket: asked for when the pod says that the old one ends, and again until it is there
// or the socket closes.
import type { Clock, Random, Timer } from '@hermit/transport';

const AGAIN_MS = 5_000;

/** The link whose token is renewed. */
interface Renewable {
  readonly token: string;
  renew(token: string, requestId: string): void;
}

type TokenRenewalParts = {
  clock: Clock;
  random: Random;
  newId: () => string;
  token: (done: (token: string | null | undefined) => void, not: string | null) => void;
};

export class TokenRenewal {
  private readonly parts: TokenRenewalParts;
  private timer: Timer | null = null;
  private requestId: string | null = null;

  constructor(parts: TokenRenewalParts) {
    this.parts = parts;
  }

  /** Until `stop`, which comes with the end of the link. */
  begin(link: Renewable): void {
    this.beginLater(link);
    const { timer } = this;
    this.parts.token((token) => {
      if (this.timer !== timer || typeof token !== 'string') return;
      this.stop();
      this.requestId = this.parts.newId();
      link.renew(token, this.requestId);
    }, link.token);
  }

  /** The pod did not take the token; nothing happens when it was another request that failed. */
  refused(link: Renewable, requestId: string | undefined): void {
    if (requestId === this.requestId) this.beginLater(link);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = this.requestId = null;
  }

  private beginLater(link: Renewable): void {
    this.stop();
    const { clock, random } = this.parts;
    this.timer = clock.after(AGAIN_MS * (1 + random()), () => this.begin(link));
  }
}
