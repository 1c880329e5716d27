// Attaches to a session as a stream of bytes: to a file, or to standard output.
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Context } from '../context.ts';
import { EXIT, Failure, failureOf } from '../failure.ts';
import { printable } from '../output/printable.ts';
import { onSignals, SIGNAL_NUMBER } from '../terminal/keyboard.ts';
import { exitCodeOf } from './outcome.ts';
import { StreamView } from './stream-view.ts';
import type { Target } from './target.ts';

type StreamOptions = {
  /** A path, or `-`. */
  output: string;
  /** First byte wanted; null: the first that is kept. */
  from: number | null;
  readOnly: boolean;
  /** Whether standard input is typed into the session, and its end is told as a terminal tells it. */
  typesInput: boolean;
};

/** 128 + SIGPIPE: whoever read has gone. */
const READER_GONE = 141;

/** Resolves with the exit code once the program has ended and all is written. */
export async function attachStream(context: Context, target: Target, options: StreamOptions): Promise<number> {
  const out: Writable = options.output === '-' ? context.stdout : createWriteStream(options.output);
  const code = await run(context, target, options, out);
  if (options.output !== '-') {
    out.end();
    await finished(out);
  }
  return code;
}

function run(context: Context, target: Target, options: StreamOptions, out: Writable): Promise<number> {
  const { client, machine, session } = target;
  const { stdin } = context;
  return new Promise<number>((resolve, reject) => {
    let told = false;
    const finish = (act: () => void) => {
      attachment.detach();
      offSignals();
      out.off('error', onError);
      stdin.off('data', onInput);
      stdin.off('end', onInputEnd);
      stdin.pause();
      act();
    };
    const onError = (error: NodeJS.ErrnoException) =>
      finish(() => {
        if (error.code === 'EPIPE') resolve(READER_GONE);
        else reject(new Failure(EXIT.failed, `${options.output} cannot be written: ${error.message}`));
      });
    let inLine = false;
    const onInput = (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        if (attachment.type(piece)) {
          inLine = piece.at(-1) !== LF;
          continue;
        }
        stdin.pause();
        stdin.unshift(bytes.subarray(at));
        return;
      }
    };
    let endDue = false;
    // At the beginning of a line it ends the input of whoever reads lines; elsewhere it only ends the line.
    const onInputEnd = () => {
      endDue = !attachment.type(inLine ? Buffer.from([EOT, EOT]) : Buffer.from([EOT]));
    };
    const view = new StreamView({
      write: (bytes, done) => {
        out.write(bytes, (error) => {
          if (!error) done();
        });
      },
      state: (state) => {
        const trouble = state === 'waiting' || state === 'machine-offline';
        if (trouble && !told) context.note(`hermit: the connection to ${printable(machine.name)} is lost; waiting`);
        if (told && state === 'live') context.note('hermit: connected again');
        told = trouble || (told && state !== 'live');
      },
      historyLost: (first, from) =>
        finish(() =>
          reject(
            new Failure(
              EXIT.historyLost,
              `HISTORY_LOST: bytes ${from} to ${first - 1} are no longer kept; the first available is ${first}.`,
              `Begin there: --from ${first}`,
            ),
          ),
        ),
      ended: (exit) => finish(() => resolve(exitCodeOf(exit))),
      closed: (error) => finish(() => reject(failureOf(error))),
      refused: (error) => context.note(`hermit: ${error.message}`),
      inputRoom: () => {
        if (options.typesInput) stdin.resume();
        if (endDue) onInputEnd();
      },
    });
    const attachment = client.attach({
      machineId: machine.id,
      sessionId: session.id,
      view,
      mode: 'stream',
      from: options.from,
      readOnly: options.readOnly,
    });
    const offSignals = onSignals((signal) => finish(() => resolve(128 + SIGNAL_NUMBER[signal])));
    out.on('error', onError);
    if (options.typesInput) stdin.on('data', onInput).on('end', onInputEnd);
  });
}

/** Input is typed in pieces that fit the queue of an attachment, bytes. */
const PIECE = 16 * 1024;
const LF = 0x0a;
/** What Ctrl-D types. */
const EOT = 0x04;
