// The lock of a pod without Redis: such a pod is the only one at its database, or it does not begin. Two would each hold
// half of the machines, and show everybody the others as offline.
import postgres from 'postgres';
import type { Config } from '../config.ts';
import type { Log } from '../telemetry/events.ts';
import { connectionOptions } from './database.ts';

/** The advisory lock: the number after that of migrations. */
const LOCK = '114784820031861';
/** Milliseconds in which a pod that is being replaced has to have left. */
const PATIENCE = 3_000;
/** Milliseconds between two looks at whether it is still ours. */
const LOOK_EVERY = 5_000;

type OnlyPodOptions = {
  database: Config['database'];
  log: Log;
  patience?: number;
  lookEvery?: number;
};

/**
 * Takes the lock, and keeps it until `close`. Rejects when another pod has it. It belongs to a session of Postgres, so
 * it goes with its connection and is asked for again; whoever has it by then is told of in the log, and open terminals
 * stay as they are.
 */
export async function beTheOnlyPod(options: OnlyPodOptions): Promise<{ close(): Promise<void> }> {
  const { database, log, patience = PATIENCE, lookEvery = LOOK_EVERY } = options;
  const sql = postgres(database.url as string, { ...connectionOptions(database.ca), max: 1, max_lifetime: null });
  const looked = async (): Promise<boolean> => {
    // Within a session the lock counts how often it was taken; once is enough.
    const [row] = await sql<{ held: boolean }[]>`
      select case
        when exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted) then true
        else pg_try_advisory_lock(${LOCK}) end as held`;
    return row?.held === true;
  };
  const leave = () => sql.end({ timeout: 1 });
  const until = Date.now() + patience;
  try {
    while (!(await looked())) {
      if (Date.now() >= until)
        throw new Error(
          'another pod serves this database, and without Redis there can be only one: stop it, or set REDIS_URL for ' +
            'both',
        );
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, patience)));
    }
  } catch (error) {
    await leave();
    throw error;
  }

  let alone = true;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    // A database that does not answer says nothing about other pods, and others speak of it.
    const now = await looked().catch(() => alone);
    if (now !== alone && !closed) log(now ? 'only_pod' : 'not_the_only_pod');
    alone = now;
    if (!closed) again();
  };
  const again = () => {
    timer = setTimeout(() => void look(), lookEvery).unref();
  };
  let closed = false;
  again();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await leave();
    },
  };
}
