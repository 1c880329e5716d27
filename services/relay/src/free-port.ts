// Whether the relay can listen where it is to listen; asked before anything is opened, made or migrated.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from './config.ts';

/** Rejects with what the system says. Nobody is let in meanwhile: the port is given back at once. */
export async function checkPorts({ host, port, metricsPort }: Config): Promise<void> {
  for (const each of metricsPort === undefined ? [port] : [port, metricsPort]) {
    const probe = createServer((socket) => socket.destroy());
    probe.listen(each, host);
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
  }
}
