// Single sign-on: out to the provider, and back with an identity.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HermitError } from '@hermit/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Accounts, Registration } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { ATTEMPT_SECONDS, type SignOnAttempt, type SignOnAttempts } from '../auth/sign-on-attempt.ts';
import type { SignOnProvider } from '../auth/sign-on-provider.ts';
import { limited } from '../limits/request-limits.ts';
import { type CallerOptions, callerOf, demandToken, loginOf } from './caller.ts';
import { relayUrl } from './device-routes.ts';
import { type FailurePage, failures } from './http-errors.ts';
import { AnyText } from './login-routes.ts';
import { recordOwn } from './record-own.ts';
import { type StepUpOptions, stepUp } from './step-up.ts';

const COOKIE = 'hermit_sign_on';
const Redirect = Type.Null({ description: 'To another address' });
const CALLBACK = 'auth/sso/callback';

export type SignOnRoutesOptions = CallerOptions & {
  accounts: Pick<Accounts, 'userByIdentity' | 'linkIdentity' | 'makeSignInLink'> & StepUpOptions['accounts'];
  registration: Registration;
  /** Undefined: there is no single sign-on. */
  signOn?: { provider: SignOnProvider; attempts: SignOnAttempts } | undefined;
  publicUrl?: string | undefined;
  audit?: Recorder;
};

export function signOnRoutes(scope: FastifyInstance, options: SignOnRoutesOptions): void {
  const { accounts, registration, audit = NOBODY_LISTENS } = options;
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['log-in'];
  const ofPeople = {
    ...limited('login'),
    /** The code alone: what the page says is its own, not that of whoever made the address. */
    failurePage: (request, code) => new URL(`sso#${code}`, relayUrl(request, options.publicUrl)).href,
  } satisfies FailurePage;

  app.get(
    '/auth/methods',
    {
      config: limited('anybody'),
      schema: {
        tags,
        summary: 'How people log in and register here',
        response: {
          200: Type.Object({
            registration: Type.Union([Type.Literal('open'), Type.Literal('invite'), Type.Literal('closed')]),
            singleSignOn: Type.Boolean({ description: 'GET /auth/sso leads there' }),
          }),
          ...failures('RATE_LIMITED'),
        },
      },
    },
    async () => ({ registration, singleSignOn: options.signOn !== undefined }),
  );

  app.get(
    '/auth/sso',
    {
      config: ofPeople,
      schema: {
        tags,
        summary: 'Log in with single sign-on: leads a browser to the provider',
        response: { 302: Redirect, ...failures('NOT_FOUND', 'RATE_LIMITED', 'UNAVAILABLE') },
      },
    },
    async (request, reply) => reply.redirect(await leave(request, reply, options, null)),
  );

  app.get(
    '/auth/sso/callback',
    {
      config: ofPeople,
      schema: {
        tags,
        summary:
          'Back from the provider: leads on to the web terminal, with the code of a sign-in link, or to why there is none',
        response: {
          302: Redirect,
          ...failures('INVALID_TOKEN', 'FORBIDDEN', 'DUPLICATE', 'NOT_FOUND', 'RATE_LIMITED', 'UNAVAILABLE'),
        },
      },
    },
    async (request, reply) => {
      const { provider, attempts } = known(options);
      const base = relayUrl(request, options.publicUrl);
      const attempt = await attempts.verify(cookieOf(request));
      setCookie(reply, base, '', 0);
      const answer = new URL(CALLBACK, base);
      answer.search = new URL(request.url, 'http://relay').search;
      const claims = await provider.finish(answer, attempt);
      if (attempt.link === null) {
        const { user, isNew } = await accounts.userByIdentity(claims);
        if (isNew) recordOwn(audit, request, user.id, 'registered');
        const { code } = await accounts.makeSignInLink(user.id);
        // Behind the hash it is sent to nobody.
        return reply.redirect(new URL(`link#${code}`, base).href);
      }
      // The login that began this must still be open: the attempt may have been lying around.
      const { userId, loginId } = attempt.link;
      await accounts.confirm({ userId, loginId, email: '', expiresAt: 0 });
      await accounts.linkIdentity(userId, claims);
      recordOwn(audit, request, userId, 'identity_linked', { details: { issuer: claims.issuer } });
      return reply.redirect(new URL('settings', base).href);
    },
  );
}

/** The password is asked for: whoever links an identity of theirs may log in by it for good. */
export function linkIdentityRoute(scope: FastifyInstance, options: SignOnRoutesOptions): void {
  demandToken(scope, options).post(
    '/api/sso/link',
    {
      schema: {
        tags: ['account'],
        summary: 'Link your account to an identity at the provider: where to send the browser',
        body: Type.Object({ password: Type.Optional(AnyText('your password, if you have one')) }),
        response: {
          200: Type.Object({ url: Type.String() }),
          ...failures('VALIDATION', 'INVALID_CREDENTIALS', 'FORBIDDEN', 'NOT_FOUND', 'UNAVAILABLE'),
        },
      },
    },
    async (request, reply) => {
      known(options);
      await stepUp(request, options, request.body.password);
      const link = { userId: callerOf(request).id, loginId: loginOf(request) };
      return { url: await leave(request, reply, options, link) };
    },
  );
}

/** The address of the provider; the browser takes the attempt along. */
async function leave(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignOnRoutesOptions,
  link: SignOnAttempt['link'],
): Promise<string> {
  const { provider, attempts } = known(options);
  const base = relayUrl(request, options.publicUrl);
  const { url, ...attempt } = await provider.begin(new URL(CALLBACK, base).href);
  setCookie(reply, base, await attempts.sign({ ...attempt, link }), ATTEMPT_SECONDS);
  return url.href;
}

function known({ signOn }: SignOnRoutesOptions) {
  if (signOn === undefined) throw new HermitError('NOT_FOUND', 'There is no single sign-on at this relay.');
  return signOn;
}

/** For the routes here alone; sent along when the provider leads back (Lax), and never read by a script. */
function setCookie(reply: FastifyReply, base: string, value: string, seconds: number): void {
  const { pathname, protocol } = new URL('auth/sso', base);
  const secure = protocol === 'https:' ? '; Secure' : '';
  reply.header(
    'set-cookie',
    `${COOKIE}=${value}; Path=${pathname}; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`,
  );
}

function cookieOf(request: FastifyRequest): string {
  const all = (request.headers.cookie ?? '').split(';').map((each) => each.trim());
  return all.find((each) => each.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
}
