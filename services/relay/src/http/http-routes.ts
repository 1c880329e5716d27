// The HTTP side of the relay: every route that is no socket.
import type { FastifyInstance } from 'fastify';
import type { Accounts } from '../accounts/accounts.ts';
import type { Tokens } from '../auth/tokens.ts';
import type { Limiter } from '../limits/limiter.ts';
import { accountRoutes } from './account-routes.ts';
import { adminRoutes, type PodReader } from './admin-routes.ts';
import { documentation } from './documentation.ts';
import { type HealthChecks, healthRoutes } from './health-routes.ts';
import { makeLinkRoute, useLinkRoute } from './link-routes.ts';
import { loginRoutes } from './login-routes.ts';
import { machineRoutes, type PresenceReader } from './machine-routes.ts';
import { type SessionReader, shareRoutes } from './share-routes.ts';
import { webFiles } from './web-files.ts';

export type HttpRoutesOptions = {
  pods: PodReader;
  accounts: Accounts;
  tokens: Tokens;
  presence: PresenceReader;
  /** The sessions of a machine, as presence shows them. */
  sessions: SessionReader;
  limits?: Limiter;
  /** What `/readyz` asks. */
  checks: HealthChecks;
};

/** On an app of `createHttpServer`. What demands a token is a scope of its own, so that the rest does not. */
export async function httpRoutes(app: FastifyInstance, options: HttpRoutesOptions): Promise<void> {
  const { checks } = options;
  await documentation(app);
  healthRoutes(app, { checks });
  loginRoutes(app, options);
  useLinkRoute(app, options);
  for (const routes of [accountRoutes, adminRoutes, makeLinkRoute, machineRoutes, shareRoutes]) {
    await app.register((scope, _, done) => {
      routes(scope, options);
      done();
    });
  }
  await webFiles(app);
}
