// Every question to the database has a deadline, and one that nobody can answer is UNAVAILABLE, not a crash.
import { HermitError } from '@hermit/protocol';

/** Milliseconds; a client of the relay waits no longer than that for an answer. */
const DEADLINE = 10_000;
/** Questions under way at once. A storm of agents fits; what a dead database leaves behind is bounded. */
const IN_FLIGHT = 20_000;

const UNREACHABLE = new Set([
  // Of the driver
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT', 'CONNECTION_CONNECT_TIMEOUT'],
  // Of the network
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'],
  // Of Postgres: shutting down, starting up, no connection left, and what was the primary is none any more
  ...['57P01', '57P02', '57P03', '53300', '25006'],
]);

/** Whether the database could not be reached, or is on its way up or down. */
export function isUnreachable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && (UNREACHABLE.has(code) || code.startsWith('08'));
}

type Methods = Record<string, (...args: never[]) => Promise<unknown>>;

/** The same methods, each with a deadline; rejects with UNAVAILABLE where the database does not answer. */
export function withDeadline<T extends Methods>(methods: T, deadline = DEADLINE): T {
  let inFlight = 0;
  const ask = async (question: () => Promise<unknown>): Promise<unknown> => {
    if (inFlight >= IN_FLIGHT) throw unavailable();
    inFlight++;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable()), deadline);
    });
    const answer = question().finally(() => {
      inFlight--;
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw isUnreachable(error) ? unavailable(error) : error;
    } finally {
      clearTimeout(timer);
    }
  };
  const guarded = Object.entries(methods).map(([name, method]) => [
    name,
    (...args: never[]) => ask(() => method(...args)),
  ]);
  return Object.fromEntries(guarded) as T;
}

function unavailable(cause?: unknown): HermitError {
  const error = new HermitError('UNAVAILABLE', 'The accounts cannot be reached at the moment; try again.');
  if (cause !== undefined) error.cause = cause;
  return error;
}
