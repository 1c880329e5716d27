// Whether a program can be started, judged before the fork: afterwards a failure looks like a program that exits with 1.
import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HermitError } from '@hermit/protocol';
import type { SpawnOptions } from './terminal.ts';

/** What execvp searches when the environment has no PATH. */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin';

/** Throws HermitError SESSION_START_FAILED with a sentence. */
export function checkProgram({ command, args, cwd, env }: SpawnOptions): void {
  const texts = [command, cwd, ...args, ...Object.keys(env), ...Object.values(env)];
  if (texts.some((text) => text.includes('\0'))) throw failed('A command cannot contain a NUL character.');
  if (command === '') throw failed('The command is empty.');
  if (!isDirectory(cwd)) throw failed(`The directory ${cwd} does not exist, or may not be entered.`);
  if (command.includes('/')) {
    const found = programAt(resolve(cwd, command));
    if (found !== 'program') throw failed(`${command} ${found}.`);
    return;
  }
  // An empty entry of PATH is the working directory.
  const entries = (env.PATH ?? DEFAULT_PATH).split(':');
  const found = entries.map((entry) => programAt(resolve(cwd, join(entry || '.', command))));
  if (found.includes('program')) return;
  const reason = found.find((f) => f !== 'does not exist');
  throw failed(reason ? `${command} ${reason}.` : `The command ${command} was not found.`);
}

function failed(sentence: string): HermitError {
  return new HermitError('SESSION_START_FAILED', sentence);
}

function isDirectory(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function programAt(path: string): 'program' | 'does not exist' | 'is not a file' | 'may not be executed' {
  try {
    if (!statSync(path).isFile()) return 'is not a file';
  } catch {
    return 'does not exist';
  }
  try {
    accessSync(path, constants.X_OK);
    return 'program';
  } catch {
    return 'may not be executed';
  }
}
