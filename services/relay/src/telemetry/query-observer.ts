// What happens to Postgres, as metrics and log events.
import type { Log } from './events.ts';
import type { Metrics } from './metrics.ts';
import type { QueryObserver } from './timed-sql.ts';

/** `unreachable`: tells a server that is away from a query that it refused. */
export function queryObserver(metrics: Metrics, log: Log, unreachable: (error: unknown) => boolean): QueryObserver {
  return (elapsed, error) => {
    metrics.postgresQuery.observe(elapsed / 1000);
    if (error === undefined || !isOfPostgres(error)) return;
    metrics.postgresErrors.inc({ reason: unreachable(error) ? 'unreachable' : 'rejected' });
    const { code, message } = error;
    log('postgres_error', { code: String(code ?? ''), reason: message });
  };
}

/** A transaction may also fail by what our own code throws in it: that says nothing of Postgres. */
function isOfPostgres(error: unknown): error is Error & { code?: unknown } {
  return error instanceof Error && error.name !== 'HermitError';
}
