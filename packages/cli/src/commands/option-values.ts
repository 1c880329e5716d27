// Values of options, read and checked.
import { constants } from 'node:os';
import type { SizePolicy } from '@hermit/protocol';
import { InvalidArgumentError } from 'commander';
import { type DetachKey, parseDetachKey } from '../terminal/detach-key.ts';

export const SIZE_POLICIES: SizePolicy[] = ['latest', 'smallest', 'driver', 'fixed'];

/** A number of bytes from the beginning of a session. */
export function offset(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('An offset is a number of bytes: 0, 1, 2, …');
  return value;
}

/** `KILL`, `sigkill` or `SIGKILL`. */
export function signalName(text: string): string {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  if (!(name in constants.signals)) throw new InvalidArgumentError('There is no such signal. TERM, HUP and KILL are.');
  return name;
}

export function detachKey(text: string): DetachKey {
  try {
    return parseDetachKey(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** `30m`, `8h`, `7d`: in seconds. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const seconds = Number(count) * { m: 60, h: 3_600, d: 86_400 }[unit as 'm' | 'h' | 'd'];
  if (!(seconds >= 60 && seconds <= 90 * 86_400))
    throw new InvalidArgumentError('A time is a number of minutes, hours or days, at most 90 days: 30m, 8h, 7d.');
  return seconds;
}
