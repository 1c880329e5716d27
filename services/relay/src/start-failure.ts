// Why a relay cannot start, in words: which variable is to be changed, and what was expected of it.
import type { Config } from './config.ts';

type Failed = { message?: string; code?: string; syscall?: string; hostname?: string; port?: number; path?: string };

const AT_DATABASE: Record<string, string> = {
  ENOTFOUND: 'its host is not known',
  EAI_AGAIN: 'its host is not known',
  ECONNREFUSED: 'nothing listens there',
  CONNECT_TIMEOUT: 'nothing answers there',
  '28P01': 'the password is refused',
  '28000': 'the user is refused',
  '3D000': 'there is no such database',
};

/** What to print of it; the first word is a variable wherever one is to blame. */
export function startFailure(error: unknown, { host, port, metricsPort, dataDir, database }: Config): string {
  const failed = error as Failed;
  const { message, code = '' } = failed;
  if (failed.syscall === 'listen' && (code === 'EADDRINUSE' || code === 'EACCES')) {
    const variable = failed.port === metricsPort && failed.port !== port ? 'METRICS_PORT' : 'PORT';
    const why = code === 'EACCES' ? 'this user may not listen at' : 'another program listens at';
    return `${variable} must be a free port: ${why} ${failed.port} of ${host}`;
  }
  if (failed.syscall === 'listen' || (failed.syscall === 'getaddrinfo' && failed.hostname === host))
    return `HOST must be an address of this machine, not "${host}" (${code})`;
  if (database.url !== undefined && code in AT_DATABASE)
    return `DATABASE_URL must lead to a Postgres that lets this relay in: ${AT_DATABASE[code]} (${code})`;
  if (failed.path?.startsWith(dataDir) || (failed.path !== undefined && dataDir.startsWith(failed.path)))
    return `HERMIT_DATA_DIR must be a directory that this user may write, not "${dataDir}" (${code})`;
  return `cannot start: ${message || code || String(error)}`;
}
