// What one does with the sessions of a machine: start one, go to one, end one.
import { HermitError, type SessionInfo, type Size } from '@hermit/protocol';
import { signal } from '@preact/signals';
import type { Relay } from '../relay/relay.ts';
import { settings } from '../settings/settings.ts';
import { openSession, type Tab } from '../tabs.ts';

/** A machine that was just started has this long to come online, milliseconds. */
const COME_ONLINE = 20_000;

/** The room that this window has for a terminal; null until one was shown. */
export const windowSize = signal<Size | null>(null);

/** A session that begins at the size it is looked at in is not drawn twice. */
function firstSize(): Partial<Size> {
  return (settings.peek().offerSize && windowSize.peek()) || {};
}

/** The program itself is of no interest when it is a login shell. */
export function titleOf({ title, name, command }: SessionInfo): string {
  return title || name || command.split(/[\s/]+/).pop() || 'session';
}

/** What the machine's list calls it; undefined where there is none, or it is not for this person to see. */
export function titleAt(relay: Relay, { machineId, sessionId }: Tab): string | undefined {
  const session = relay.sessions(machineId)?.find(({ id }) => id === sessionId);
  return session && titleOf(session);
}

export async function startSession(
  relay: Relay,
  machineId: string,
  options: { name?: string; command?: string } = {},
): Promise<void> {
  const { name, command } = options;
  const session = await relay.client.createSession(machineId, {
    ...firstSize(),
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
      const session = newest ?? (await relay.client.createSession(machineId, firstSize()));
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
