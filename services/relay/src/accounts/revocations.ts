// Tells every pod that the token of a machine is good no more: each may remember it, wherever its agent is now.
import type { Bus } from '../bus/bus.ts';
import type { RememberedTokens } from './remembered-tokens.ts';

/** Said until the bus takes it, this often; milliseconds; ten minutes. */
const EVERY = 500;
const TRIES = 1_200;

type RevocationsOptions = { bus: Bus; channel: string; memory: RememberedTokens };

export function createRevocations({ bus, channel, memory }: RevocationsOptions) {
  const timers = new Set<NodeJS.Timeout>();
  bus.subscribe(
    channel,
    (message) => memory.forget(message.toString('utf8')),
    () => memory.listen(),
  );
  bus.onRestored(() => memory.forgetAll());

  function say(machineId: string, triesLeft: number): void {
    bus.publish(channel, machineId, (receivers) => {
      if (receivers !== null || triesLeft === 0) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        say(machineId, triesLeft - 1);
      }, EVERY);
      timer.unref();
      timers.add(timer);
    });
  }

  return {
    /** Here at once, elsewhere as soon as it is heard. */
    revoke(machineId: string): void {
      memory.forget(machineId);
      say(machineId, TRIES);
    },

    close(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
