// What a pod says through the bus, and what pods say to each other beside the frames that they forward.
import type { PodReply, RelayToClient } from '@hermit/protocol';
import type { Published } from '../bus/bus.ts';
import type { Surroundings } from './pod-parts.ts';

export type PodMessage =
  | { type: 'fence'; epoch: number }
  /** The machine was removed or its token replaced: look at the token again; on the machine's channel. */
  | { type: 'revoked' }
  /** A machine's answer to a pod's request; on the pod's channel. The machine is stamped by the agent's pod. */
  | { type: 'reply'; machineId: string; reply: PodReply }
  /** For every client of a user; on the user's channel. */
  | { type: 'tell'; message: RelayToClient }
  | { type: 'logins_ended'; loginIds: readonly string[] | null }
  /** What the user may do has changed, with the whole machine if there is no session. */
  | { type: 'rights'; machineId: string; sessionId: string | null };

/** A message that must not be lost is repeated this often while the bus does not take it, milliseconds; ten minutes. */
const INSIST_EVERY = 500;
const INSIST_TRIES = 1_200;

export class PodChannels {
  private readonly pod: Pick<Surroundings, 'bus' | 'clock' | 'counters'>;

  constructor(pod: Pick<Surroundings, 'bus' | 'clock' | 'counters'>) {
    this.pod = pod;
  }

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    const { bus, counters } = this.pod;
    counters.published++;
    counters.publishedBytes += message.length;
    bus.publish(channel, message, (receivers) => {
      if (receivers === null) counters.publishLost++;
      done?.(receivers);
    });
  }

  tell(channel: string, message: PodMessage): void {
    this.publish(channel, JSON.stringify(message));
  }

  /** What must not be lost: said until the bus has taken it. Pods that could not hear it look again when they can. */
  insist(channel: string, message: PodMessage, tries = 1): void {
    this.publish(channel, JSON.stringify(message), (receivers) => {
      if (receivers !== null || tries >= INSIST_TRIES) return;
      this.pod.clock.after(INSIST_EVERY, () => this.insist(channel, message, tries + 1));
    });
  }
}

/** Pods trust each other's messages to have the shape they gave them; a later version's may not be known. */
export function parsed<T = PodMessage>(message: Buffer): T | null {
  try {
    return JSON.parse(message.toString('utf8')) as T;
  } catch {
    return null;
  }
}
