// Reads a password: without echo from a terminal, otherwise the first line of standard input.
import type { Readable, Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { EXIT, Failure } from '../failure.ts';

const LONGEST = 4096;

export async function readPassword(stdin: Readable, stderr: Writable, prompt: string): Promise<string> {
  const terminal = stdin as ReadStream;
  return terminal.isTTY ? fromTerminal(terminal, stderr, prompt) : fromPipe(stdin);
}

/** From a terminal twice, the same; from elsewhere once. */
export async function readNewPassword(
  stdin: Readable,
  stderr: Writable,
  [first, again]: readonly [string, string],
): Promise<string> {
  const password = await readPassword(stdin, stderr, first);
  if ((stdin as ReadStream).isTTY && (await readPassword(stdin, stderr, again)) !== password) {
    throw new Failure(EXIT.usage, 'The two passwords are not the same.');
  }
  return password;
}

/** The line that was typed; Ctrl-C ends the command, Ctrl-U begins again. */
export class PasswordLine {
  private text = '';

  /** Undefined: goes on. Null: given up. */
  type(input: string): string | null | undefined {
    for (const char of input) {
      if (char === '\r' || char === '\n') return this.text;
      if (char === '\x03' || (char === '\x04' && this.text === '')) return null;
      if (char === '\x7f' || char === '\b') this.text = [...this.text].slice(0, -1).join('');
      else if (char === '\x15') this.text = '';
      else if (char >= ' ' && this.text.length < LONGEST) this.text += char;
    }
    return undefined;
  }
}

function fromTerminal(stdin: ReadStream, stderr: Writable, prompt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = new PasswordLine();
    // In this order: who types as soon as it is asked for is not shown it.
    stdin.setRawMode(true);
    stderr.write(prompt);
    stdin.setEncoding('utf8');
    const restore = () => stdin.setRawMode(false);
    process.once('exit', restore);
    const finish = (act: () => void) => {
      stdin.off('data', onData);
      stdin.pause();
      restore();
      process.off('exit', restore);
      stderr.write('\n');
      act();
    };
    const onData = (chunk: string) => {
      const password = line.type(chunk);
      if (password === null) finish(() => reject(new Failure(130, 'Given up.')));
      else if (password !== undefined) finish(() => resolve(password));
    };
    stdin.on('data', onData);
    stdin.resume();
  });
}

async function fromPipe(stdin: Readable): Promise<string> {
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin) {
    text += chunk as string;
    if (text.length > LONGEST || text.includes('\n')) break;
  }
  const password = text.split(/\r?\n/)[0] ?? '';
  if (password === '') throw new Failure(EXIT.usage, 'No password came on standard input.');
  return password;
}
