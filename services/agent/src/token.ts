// The machine's token: from the environment or a file that nobody else can read, never from the command line, where
// every process of the machine would see it.
import { readFileSync, statSync } from 'node:fs';

/** What keeps the agent from starting, in a sentence. */
export class SetupError extends Error {}

const TOKEN = /^hmt_[A-Za-z0-9_-]+$/;

/** Throws a SetupError. `file` wins over HERMIT_MACHINE_TOKEN. */
export function readToken(file: string | undefined, env: NodeJS.ProcessEnv): string {
  const token = file === undefined ? env.HERMIT_MACHINE_TOKEN?.trim() : fromFile(file);
  if (!token) {
    throw new SetupError('no machine token: set HERMIT_MACHINE_TOKEN, or name a file with --token-file');
  }
  if (!TOKEN.test(token)) {
    throw new SetupError('this is no machine token: it begins with hmt_ and is shown once, when the machine is added');
  }
  return token;
}

function fromFile(file: string): string {
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      throw new SetupError(`${file} can be read by others: run chmod 600 ${file}`);
    }
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}
