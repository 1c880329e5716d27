// Machine tokens that the database has confirmed to this pod: their agents are let in again while it is away.
import { readMachineToken, sameHash } from './machine-token.ts';
import type { Machine } from './machines.ts';

export type RememberedMachine = Pick<Machine, 'id' | 'userId' | 'name'>;

/** Machines that are remembered, about 400 bytes each; beyond, the one that was not here for longest is forgotten. */
const MOST = 50_000;

export class RememberedTokens {
  /**
   * By machine id; the one that came last is the last. A machine has one token. Its hash is kept as a string of as many
   * characters as bytes, a tenth of what a Buffer of that size takes.
   */
  private readonly machines = new Map<string, { hash: string; userId: string; name: string }>();
  private readonly most: number;
  private listening = false;
  /** How often something was forgotten: what was asked before that may be older, and is not remembered. */
  forgettings = 0;

  constructor(most = MOST) {
    this.most = most;
  }

  get size(): number {
    return this.machines.size;
  }

  /** Revocations are heard from now on; until then nothing is remembered. */
  listen(): void {
    this.listening = true;
    this.forgetAll();
  }

  /** The database has confirmed this token; it was asked when there had been `asOf` forgettings. */
  remember(token: string, { id, userId, name }: RememberedMachine, asOf: number): void {
    const claimed = readMachineToken(token);
    if (!this.listening || claimed === null || asOf !== this.forgettings) return;
    this.machines.delete(id);
    this.machines.set(id, { hash: Buffer.from(claimed.hash).toString('latin1'), userId, name });
    const [oldest] = this.machines.keys();
    if (this.machines.size > this.most && oldest !== undefined) this.machines.delete(oldest);
  }

  /** The machine whose token this was when the database last said so. */
  find(token: string): RememberedMachine | null {
    const claimed = readMachineToken(token);
    const known = claimed === null ? undefined : this.machines.get(claimed.machineId);
    if (known === undefined || claimed === null) return null;
    if (!sameHash(Buffer.from(known.hash, 'latin1'), claimed.hash)) return null;
    return { id: claimed.machineId, userId: known.userId, name: known.name };
  }

  /** Its token was replaced, or it was removed or renamed. */
  forget(machineId: string): void {
    this.forgettings++;
    this.machines.delete(machineId);
  }

  /** Revocations may have been missed. */
  forgetAll(): void {
    this.forgettings++;
    this.machines.clear();
  }
}
