// Whether a service that was just started stays up: what its keeper and its log tell of it.
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from '../token.ts';

export type Look = {
  /** False only where its keeper says so. */
  up: boolean;
  /** Null: unknown. */
  exitCode: number | null;
  /** What it has said since it was started. */
  log: string;
};

/** Milliseconds: for a slow machine to start, and for the relay to answer. */
const PATIENCE = 6_000;
const EVERY = 200;

const CONNECTED = /^hermit-agent: connected to /m;
const REFUSED = /^hermit-agent: error: the relay refused this agent/m;
const MEANING: Record<number, string> = {
  2: 'wrong usage, or no usable token',
  3: 'the relay refused its token or its name',
  4: 'another agent took this machine over with the same token',
};

/** Whether it was seen to connect. Throws a SetupError, with what is wrong and `advice`, where it has ended. */
export async function watchStart(look: () => Promise<Look>, advice: string, patience = PATIENCE): Promise<boolean> {
  const deadline = performance.now() + patience;
  for (;;) {
    const { up, exitCode, log } = await look();
    if (!up) {
      const refused = exitCode === 3 || REFUSED.test(log);
      throw new SetupError(
        `the service is made, but the agent ended: ${reason(exitCode, log)}${refused ? advice : ''}`,
      );
    }
    if (CONNECTED.test(log)) return true;
    if (performance.now() >= deadline) return false;
    await delay(EVERY);
  }
}

/** In its own words where there are any. */
function reason(exitCode: number | null, log: string): string {
  const said = log.split('\n').findLast((line) => line.startsWith('hermit-agent: '));
  if (said !== undefined) return said.replace(/^hermit-agent: (error: )?/, '').trim();
  return exitCode === null ? 'see its log' : (MEANING[exitCode] ?? `exit code ${exitCode}`);
}

/** Of `systemctl show`. */
export function systemdLook(shown: string, log: string): Look {
  const of = (property: string) => new RegExp(`^${property}=(.+)$`, 'm').exec(shown)?.[1];
  const [state, code] = [of('ActiveState'), of('ExecMainStatus')];
  const up = state === undefined || state === 'active';
  return { up, exitCode: code === undefined ? null : Number(code), log };
}

/** Of `launchctl print`. A job that has not been started yet does not run either. */
export function launchdLook(printed: string, log: string): Look {
  const code = /^\s*last exit code = (\d+)/m.exec(printed)?.[1];
  const up = code === undefined || !/^\s*state = not running/m.test(printed);
  // That of a final end is made 0 for launchd.
  return { up, exitCode: code === undefined || code === '0' ? null : Number(code), log };
}
