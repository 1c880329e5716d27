// The HTTP side of one relay, on a database of its own, with what a test wants to see of it.
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { Sql } from 'postgres';
import { type AccountsChange, createAccounts } from '../../../services/relay/src/accounts/accounts.ts';
import { createAudit } from '../../../services/relay/src/accounts/audit.ts';
import { openDatabase } from '../../../services/relay/src/accounts/database.ts';
import { migrate } from '../../../services/relay/src/accounts/migrate.ts';
import { createPasswords, type PasswordCost } from '../../../services/relay/src/accounts/passwords.ts';
import type { Registration } from '../../../services/relay/src/accounts/users.ts';
import { createTokenKeys } from '../../../services/relay/src/auth/token-keys.ts';
import { createTokens, type Tokens } from '../../../services/relay/src/auth/tokens.ts';
import type { HealthChecks } from '../../../services/relay/src/http/health-routes.ts';
import { httpRoutes } from '../../../services/relay/src/http/http-routes.ts';
import { createHttpServer } from '../../../services/relay/src/http/http-server.ts';
import type { MachinePresence, PresenceReader } from '../../../services/relay/src/http/machine-routes.ts';
import { createDataDirectory } from '../../services/data-directory.ts';
import { createDatabase } from '../../services/databases.ts';

export const SECRET = 'the-secret-of-a-test-with-over-32-characters';
export const PASSWORD = 'correct horse battery';

type Answer<T = Record<string, unknown>> = { status: number; headers: Record<string, unknown>; body: T };
export type LoggedIn = { user: { id: string; email: string }; accessToken: string; refreshToken: string };
export type Added = { machine: { id: string; name: string }; token: string };

export interface HttpSide extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly sql: Sql;
  readonly tokens: Tokens;
  /** What open sockets would have been told. */
  readonly changes: AccountsChange[];
  /** What presence says; set by the test. */
  readonly live: Map<string, MachinePresence>;
  readonly log: string[];
  request<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    options?: { body?: unknown; token?: string },
  ): Promise<Answer<T>>;
  /** A new user, logged in. */
  person(): Promise<LoggedIn>;
}

type HttpSideOptions = {
  /** `embedded`: the Postgres inside the relay. */
  database?: 'postgres' | 'embedded';
  registration?: Registration;
  cost?: PasswordCost;
  checks?: HealthChecks;
  presence?: PresenceReader;
  machinesPerUser?: number;
};

export async function startHttpSide(options: HttpSideOptions = {}): Promise<HttpSide> {
  const stack = new AsyncDisposableStack();
  let url: string | undefined;
  let dataDir = '';
  if (options.database === 'embedded') {
    dataDir = stack.use(await createDataDirectory()).path;
  } else {
    url = stack.use(await createDatabase()).url;
  }
  const database = await openDatabase({ database: { url, ca: undefined, pool: 10 }, dataDir });
  stack.defer(() => database.close());
  await migrate(database.sql);

  const changes: AccountsChange[] = [];
  const live = new Map<string, MachinePresence>();
  const log: string[] = [];
  const tokens = createTokens(createTokenKeys([SECRET]));
  const accounts = createAccounts({
    sql: database.sql,
    tokens,
    registration: options.registration,
    machinesPerUser: options.machinesPerUser,
    passwords: createPasswords({ cost: options.cost ?? { memoryCost: 1024, timeCost: 2, parallelism: 1 } }),
    onChange: (change) => changes.push(change),
  });
  const audit = createAudit({ sql: database.sql });
  stack.defer(() => audit.close());
  const app = await createHttpServer({
    trustProxy: false,
    logger: pino({ level: 'trace' }, { write: (line) => log.push(line) }),
  });
  stack.defer(() => app.close());
  await httpRoutes(app, {
    accounts,
    tokens,
    presence: options.presence ?? { machines: async () => live },
    sessions: async () => [],
    attachments: async () => [],
    registration: options.registration ?? 'open',
    audit,
    entries: audit.entries,
    pods: async () => [],
    checks: { postgres: () => database.ping(), ...options.checks },
  });
  await app.ready();

  let serial = 0;
  const side: HttpSide = {
    app,
    sql: database.sql,
    tokens,
    changes,
    live,
    log,
    async request(method, url, { body, token } = {}) {
      const response = await app.inject({
        method,
        url,
        ...(body === undefined ? {} : { payload: body as object }),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      const answer = response.body === '' ? undefined : response.json();
      return { status: response.statusCode, headers: response.headers, body: answer };
    },
    async person() {
      const email = `person-${++serial}@example.org`;
      const { status, body } = await side.request<LoggedIn>('POST', '/auth/register', {
        body: { email, password: PASSWORD },
      });
      if (status !== 201) throw new Error(`${email} could not register: ${JSON.stringify(body)}`);
      return body;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return side;
}
