// Requests of clients that a machine answers (list, start, kill): repeated over a bus that may lose them, until a
// deadline. The agent carries out each once.
import { HermitError, LIMITS, type PodReply } from '@hermit/protocol';
import type { Clock, Random, Timer } from '@hermit/transport';

type Answer = PodReply | HermitError;
type Pending = { machineId: string; waiters: ((answer: Answer) => void)[]; deadline: Timer; again: Timer };

/** Requests of one pod that may be open at once. */
const MOST = 10_000;
const TOO_MANY = 'Too many requests are waiting for machines.';

export class Requests {
  private readonly pending = new Map<string, Pending>();
  /** How many of them wait for each machine: none takes the room of all. */
  private readonly perMachine = new Map<string, number>();
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  get size(): number {
    return this.pending.size;
  }

  /** Sends now and again until there is an answer; `done` runs once, with TIMEOUT at the latest. */
  open(key: string, machineId: string, send: () => void, done: (answer: Answer) => void): void {
    const known = this.pending.get(key);
    if (known && known.machineId === machineId) {
      known.waiters.push(done);
      return;
    }
    const waiting = this.perMachine.get(machineId) ?? 0;
    if (known || this.pending.size >= MOST || waiting >= LIMITS.requestsPerMachine) {
      done(new HermitError('RATE_LIMITED', TOO_MANY));
      return;
    }
    this.perMachine.set(machineId, waiting + 1);
    const again = () => this.clock.after(LIMITS.requestRetry * (0.8 + 0.4 * this.random()), repeat);
    const repeat = () => {
      pending.again = again();
      send();
    };
    const pending: Pending = {
      machineId,
      waiters: [done],
      deadline: this.clock.after(LIMITS.request, () => this.settle(key, new HermitError('TIMEOUT'))),
      again: again(),
    };
    this.pending.set(key, pending);
    send();
  }

  /** An answer of a machine; anybody else's is ignored. */
  answered(machineId: string, reply: PodReply): void {
    const key = reply.requestId;
    if (key === undefined || this.pending.get(key)?.machineId !== machineId) return;
    this.settle(key, reply.type === 'request_failed' ? new HermitError(reply.code, reply.message) : reply);
  }

  private settle(key: string, answer: Answer): void {
    const pending = this.pending.get(key);
    if (!pending) return;
    this.pending.delete(key);
    const waiting = (this.perMachine.get(pending.machineId) ?? 1) - 1;
    if (waiting > 0) this.perMachine.set(pending.machineId, waiting);
    else this.perMachine.delete(pending.machineId);
    pending.deadline.cancel();
    pending.again.cancel();
    for (const done of pending.waiters) done(answer);
  }
}
