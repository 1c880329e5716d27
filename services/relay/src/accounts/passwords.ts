// Passwords: argon2id, a few at a time, so that a storm of log-ins costs a bounded amount of memory and processor.
import { randomBytes } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import { argon2id, hash, needsRehash, verify } from 'argon2';

export type PasswordCost = {
  /** KiB. */
  memoryCost: number;
  /** Passes. */
  timeCost: number;
  parallelism: number;
};

/** As the OWASP Password Storage Cheat Sheet recommends for argon2id. */
const COST: PasswordCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

type PasswordOptions = {
  cost?: PasswordCost;
  /** Hashes computed at once. */
  concurrency?: number;
  /** Those who may wait; more are refused with UNAVAILABLE. */
  queue?: number;
  /** Called for each hash that is computed, the decoy's included. */
  onHash?: () => void;
};

export type Passwords = ReturnType<typeof createPasswords>;

export function createPasswords(options: PasswordOptions = {}) {
  const { cost = COST, concurrency = 2, queue = 128, onHash = () => {} } = options;
  const kind = { ...cost, type: argon2id } as const;
  const turn = turns(concurrency, queue);
  const take = <T>(work: () => Promise<T>) =>
    turn(() => {
      onHash();
      return work();
    });
  const compute = (password: string | Buffer) => take(() => hash(password, kind));
  // What nobody's password matches: an address without an account costs as much time as one with.
  const decoy = compute(randomBytes(32));
  decoy.catch(() => {});

  return {
    hash: (password: string): Promise<string> => compute(password),

    /** Null, when there is nothing to compare with, takes as long and is false. */
    async verify(stored: string | null, password: string): Promise<boolean> {
      const digest = stored ?? (await decoy);
      const matches = await take(() => verify(digest, password));
      return matches && stored !== null;
    },

    /** Whether a hash was made at another cost than today's. */
    outdated: (stored: string): boolean => needsRehash(stored, cost),
  };
}

/** At most `atOnce` at work and `waiting` behind them, in order. */
function turns(atOnce: number, waiting: number) {
  let working = 0;
  const line: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (working < atOnce) working++;
    else if (line.length >= waiting) {
      throw new HermitError('UNAVAILABLE', 'Too many people are logging in at this moment; try again.');
    } else await new Promise<void>((turn) => line.push(turn));
    try {
      return await work();
    } finally {
      // The place is handed on, so that nobody who comes later overtakes.
      const next = line.shift();
      if (next) next();
      else working--;
    }
  };
}
