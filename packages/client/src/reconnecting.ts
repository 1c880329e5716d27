// What follows when a link has closed: the next try and its wait, or the end; by the table of close codes.
import { CLOSE, type ErrorCode, HermitError, reconnectAfter } from '@hermit/protocol';
import { Backoff, type Random } from '@hermit/transport';

/** A link that stood this long begins a new series of waits; a shorter one is part of the trouble, milliseconds. */
const SETTLED_MS = 5_000;
/** Even "at once" is spread a little, milliseconds. */
const AT_ONCE_MS = 50;
/** Tokens that are refused in a row. */
const REFUSALS = 3;

/** A link that has closed. */
type Closed = {
  code: number;
  reason: string;
  /** The error that it was turned away with. */
  refusal: HermitError | null;
  token: string;
  /** For how long it was ready, milliseconds. */
  stood: number;
  /** Another one stands: this one was to replace it. */
  spare: boolean;
};

export class Reconnecting {
  /** It must not be given again. */
  refusedToken: string | null = null;
  private refusals = 0;
  private readonly backoff: Backoff;
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    this.backoff = new Backoff(random);
  }

  /** A link stands. */
  stands(): void {
    this.refusedToken = null;
    this.refusals = 0;
  }

  /** The wait of one more try. */
  wait(): number {
    return this.backoff.next();
  }

  /** Milliseconds until the next try, or why there is none. */
  after(closed: Closed): number | HermitError {
    const { code, reason, refusal, stood } = closed;
    if (stood >= SETTLED_MS) this.backoff.reset();
    const rule = ruleOf(code, refusal);
    if (rule === 'never' && !closed.spare) return refusal ?? new HermitError(closedBy(code), reason);
    if (rule === 'renew') {
      this.refusedToken = closed.token;
      if (++this.refusals >= REFUSALS) return refusal ?? new HermitError('INVALID_TOKEN', reason);
      return this.refusals === 1 ? 0 : this.wait();
    }
    return rule === 'at once' && stood >= SETTLED_MS ? this.random() * AT_ONCE_MS : this.wait();
  }
}

function ruleOf(code: number, refusal: HermitError | null): ReturnType<typeof reconnectAfter> {
  const refused: ErrorCode | undefined = refusal?.code;
  if (refused === 'INVALID_TOKEN' || refused === 'NOT_AUTHENTICATED') return 'renew';
  if (refused === 'USER_NOT_FOUND' || refused === 'PROTOCOL_VERSION') return 'never';
  return reconnectAfter(code);
}

function closedBy(code: number): ErrorCode {
  if (code === CLOSE.removed.code) return 'MACHINE_NOT_FOUND';
  return code === CLOSE.protocol.code ? 'PROTOCOL_VERSION' : 'UNAVAILABLE';
}
