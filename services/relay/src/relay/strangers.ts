// Sockets that have not introduced themselves: bounded, so that one address cannot take the places of all others.
import { LIMITS } from '@hermit/protocol';

export class Strangers<Link> {
  private readonly networks = new Map<Link, string>();
  private readonly counts = new Map<string, number>();

  get size(): number {
    return this.networks.size;
  }

  /** `network`: where it comes from, as far as one customer of a provider can choose. */
  add(link: Link, network: string): void {
    this.networks.set(link, network);
    this.counts.set(network, (this.counts.get(network) ?? 0) + 1);
  }

  delete(link: Link): void {
    const network = this.networks.get(link);
    if (network === undefined) return;
    this.networks.delete(link);
    const left = (this.counts.get(network) ?? 0) - 1;
    if (left > 0) this.counts.set(network, left);
    else this.counts.delete(network);
  }

  /**
   * No more are taken from there. As long as half of the places are free nobody is counted: a data centre of agents comes
   * back at once from one address, and introduces itself within moments.
   */
  crowded(network: string): boolean {
    if (this.size < LIMITS.strangers / 2) return false;
    return this.size >= LIMITS.strangers || (this.counts.get(network) ?? 0) >= LIMITS.strangersPerAddress;
  }
}
