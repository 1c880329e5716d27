// How the command ends when it does not succeed: a sentence for people, and an exit code that means something.
import { type ErrorCode, HermitError } from '@hermit/protocol';

/** The exit codes of `hermit`. `attach` and `new` end with the program's own status: 0 to 255, or 128 + signal. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notLoggedIn: 3,
  notFound: 4,
  unreachable: 5,
  historyLost: 6,
  refused: 7,
  /** As shells say it: a program rarely ends with it. */
  notStarted: 126,
} as const;

/** For the help and the documentation; one line for each of the above. */
export const EXIT_MEANINGS: Record<keyof typeof EXIT, string> = {
  ok: 'done; or detached',
  failed: 'something else failed',
  usage: 'the command line cannot be understood',
  notLoggedIn: 'not logged in, or wrong credentials',
  notFound: 'no such machine, session or share',
  unreachable: 'the relay or the machine cannot be reached',
  historyLost: 'bytes that were asked for are no longer kept',
  refused: 'the relay refuses: not permitted, a limit, a duplicate',
  notStarted: 'the machine could not start the program',
};

/** `hint`: what to do about it, on a line of its own. */
export class Failure extends Error {
  readonly exitCode: number;
  readonly hint: string | undefined;
  constructor(exitCode: number, message: string, hint?: string) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

const BY_CODE: Partial<Record<ErrorCode, keyof typeof EXIT>> = {
  VALIDATION: 'usage',
  NOT_AUTHENTICATED: 'notLoggedIn',
  INVALID_TOKEN: 'notLoggedIn',
  INVALID_CREDENTIALS: 'notLoggedIn',
  USER_NOT_FOUND: 'notLoggedIn',
  MACHINE_NOT_FOUND: 'notFound',
  SESSION_NOT_FOUND: 'notFound',
  SHARE_NOT_FOUND: 'notFound',
  NOT_FOUND: 'notFound',
  MACHINE_OFFLINE: 'unreachable',
  UNAVAILABLE: 'unreachable',
  TIMEOUT: 'unreachable',
  DRAINING: 'unreachable',
  HISTORY_LOST: 'historyLost',
  SESSION_START_FAILED: 'notStarted',
  INTERNAL: 'failed',
  INVALID_JSON: 'failed',
  INVALID_MESSAGE: 'failed',
};

const LOG_IN = 'Log in: hermit login --relay URL --email YOU@EXAMPLE.ORG';

/** Whatever was thrown, as a failure. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof HermitError) {
    const kind = BY_CODE[error.code] ?? 'refused';
    const hint = kind === 'notLoggedIn' && error.code !== 'INVALID_CREDENTIALS' ? LOG_IN : undefined;
    return new Failure(EXIT[kind], error.message, hint);
  }
  return new Failure(EXIT.failed, error instanceof Error ? error.message : String(error));
}

export function notLoggedIn(relay?: string): Failure {
  return new Failure(EXIT.notLoggedIn, relay ? `You are not logged in at ${relay}.` : 'You are not logged in.', LOG_IN);
}
