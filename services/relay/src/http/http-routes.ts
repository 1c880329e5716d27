// The HTTP side of the relay: every route that is no socket.
import type { FastifyInstance } from 'fastify';
import type { Accounts } from '../accounts/accounts.ts';
import type { Recorder } from '../accounts/audit.ts';
import type { Tokens } from '../auth/tokens.ts';
import type { Limiter } from '../limits/limiter.ts';
import { accountRoutes } from './account-routes.ts';
import { adminRoutes, type PodReader } from './admin-routes.ts';
import { type AttachmentRoutesOptions, attachmentRoutes } from './attachment-routes.ts';
import { type AuditRoutesOptions, auditRoutes } from './audit-routes.ts';
import { askingDeviceRoutes, type DeviceRoutesOptions, decidingDeviceRoutes } from './device-routes.ts';
import { documentation } from './documentation.ts';
import { type HealthChecks, healthRoutes } from './health-routes.ts';
import { identityRoutes } from './identity-routes.ts';
import { inviteRoutes } from './invite-routes.ts';
import { makeLinkRoute, useLinkRoute } from './link-routes.ts';
import { loginRoutes } from './login-routes.ts';
import { machineRoutes, type PresenceReader } from './machine-routes.ts';
import { type SessionReader, shareRoutes } from './share-routes.ts';
import { linkIdentityRoute, type SignOnRoutesOptions, signOnRoutes } from './sign-on-routes.ts';
import { webFiles } from './web-files.ts';

type HttpRoutesOptions = {
  accounts: Accounts;
  tokens: Tokens;
  presence: PresenceReader;
  /** The sessions of a machine, as presence shows them. */
  sessions: SessionReader;
  attachments: AttachmentRoutesOptions['attachments'];
  pods: PodReader;
  limits?: Limiter;
  audit?: Recorder;
  entries: AuditRoutesOptions['entries'];
  registration: SignOnRoutesOptions['registration'];
  signOn?: SignOnRoutesOptions['signOn'];
  /** Where people reach the relay; without it, where a request was sent to. */
  publicUrl?: DeviceRoutesOptions['publicUrl'];
  /** What `/readyz` asks. */
  checks: HealthChecks;
  /** Parts that are inside this process. */
  embedded?: readonly string[];
};

/** On an app of `createHttpServer`. What demands a token is a scope of its own, so that the rest does not. */
export async function httpRoutes(app: FastifyInstance, options: HttpRoutesOptions): Promise<void> {
  const { checks, embedded = [] } = options;
  await documentation(app);
  healthRoutes(app, { checks, embedded });
  for (const routes of [loginRoutes, useLinkRoute, signOnRoutes, askingDeviceRoutes]) routes(app, options);
  const demanding = [accountRoutes, adminRoutes, attachmentRoutes, auditRoutes, decidingDeviceRoutes, inviteRoutes];
  for (const routes of [...demanding, identityRoutes, linkIdentityRoute, makeLinkRoute, machineRoutes, shareRoutes]) {
    await app.register((scope, _, done) => {
      routes(scope, options);
      done();
    });
  }
  await webFiles(app);
}
