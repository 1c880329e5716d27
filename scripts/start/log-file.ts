// The log of one child process: a file that does not outgrow its bound.
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Past this many bytes the file becomes FILE.1 and a new one begins; so a log takes at most twice as much. */
const bound = 8 * 1_048_576;
/** Characters kept of the end, for the message when the process fails. */
const keptTail = 4_096;

export class LogFile {
  readonly path: string;
  #size: number;
  #tail = '';

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  append(text: string): void {
    this.#tail = (this.#tail + text).slice(-keptTail);
    if (this.#size > bound) {
      renameSync(this.path, `${this.path}.1`);
      this.#size = 0;
    }
    appendFileSync(this.path, text, { mode: 0o600 });
    this.#size += Buffer.byteLength(text);
  }

  /** The last lines written since this process began. */
  tail(lines = 12): string {
    return this.#tail.trimEnd().split('\n').slice(-lines).join('\n');
  }
}
