// What one does with the sessions of a machine: start one, go to one, end one.
import { HermitError, type SessionInfo } from '@hermit/protocol';
import type { Relay } from '../relay/relay.ts';
import { openSession } from '../tabs.ts';

/** A machine that was just started has this long to come online, milliseconds. */
const COME_ONLINE = 20_000;

/** The program itself is of no interest when it is a login shell. */
export function titleOf({ title, name, command }: SessionInfo): string {
  return title || name || command.split(/[\s/]+/).pop() || 'session';
}

export async function startSession(
  relay: Relay,
  machineId: string,
  options: { name?: string; command?: string } = {},
): Promise<void> {
  const { name, command } = options;
  const session = await relay.client.createSession(machineId, {
    ...(name ? { name } : {}),
    // A line as people type it is for the shell to take apart.
    ...(command ? { command: '/bin/sh', args: ['-lc', command] } : {}),
  });
  openSession(machineId, session.id);
}

/** The newest session that runs on the machine, or a new one. Throws when the machine does not come online. */
export async function openLiveShell(relay: Relay, machineId: string, options: { replace: boolean }): Promise<void> {
  const deadline = Date.now() + COME_ONLINE;
  for (;;) {
    try {
      const running = (await relay.client.sessions(machineId)).filter(({ exit }) => exit === undefined);
      const newest = running.sort((a, b) => b.createdAt - a.createdAt)[0];
      const session = newest ?? (await relay.client.createSession(machineId, {}));
      openSession(machineId, session.id, options);
      return;
    } catch (error) {
      const passing =
        error instanceof HermitError && ['MACHINE_OFFLINE', 'UNAVAILABLE', 'TIMEOUT'].includes(error.code);
      if (!passing || Date.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}
