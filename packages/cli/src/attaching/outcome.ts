// How an attachment came to its end, and the exit code of that.
import type { Exit } from '@hermit/protocol';
import { EXIT } from '../failure.ts';

/** The program's status; 128 + signal when a signal ended it; 1 when nobody knows. */
export function exitCodeOf(exit: Exit): number {
  if (exit.exitCode !== null) return exit.exitCode & 255;
  return exit.signal !== null ? 128 + exit.signal : EXIT.failed;
}

export function describeExit(exit: Exit): string {
  if (exit.exitCode !== null) return `with status ${exit.exitCode}`;
  return exit.signal !== null ? `by signal ${exit.signal}` : 'and nobody knows how';
}
