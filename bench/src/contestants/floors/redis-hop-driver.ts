// Viewers of the Redis hop: they publish what they type and hear it on their own subscription.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { ViewerDriver } from '../../load/driver.ts';
import { READY_BYTE } from '../../programs/programs.ts';

export const driver: ViewerDriver<{ url: string; namespace: string }> = {
  async open({ url, namespace }, _program, onOutput) {
    const channel = `${namespace}hop:${randomUUID()}`;
    const publisher = new Redis(url);
    const subscriber = new Redis(url);
    subscriber.on('messageBuffer', (_channel: Buffer, message: Buffer) => onOutput(message));
    await subscriber.subscribe(channel);
    await publisher.ping();
    onOutput(Buffer.from([READY_BYTE]));
    return {
      ref: {},
      write: (bytes) => void publisher.publish(channel, bytes),
      leave: async () => {
        publisher.disconnect();
        subscriber.disconnect();
      },
    };
  },
};
