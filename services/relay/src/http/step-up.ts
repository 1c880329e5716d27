// The password beside the token: asked for before something is given out that lives longer than a stolen token would.
import { HermitError } from '@hermit/protocol';
import type { FastifyRequest } from 'fastify';
import type { Accounts } from '../accounts/accounts.ts';
import { NOBODY_LISTENS, type Recorder } from '../accounts/audit.ts';
import { guessed } from '../limits/guesses.ts';
import { type Limiter, UNLIMITED } from '../limits/limiter.ts';
import { addressOf } from '../limits/request-limits.ts';
import { callerOf, loginOf } from './caller.ts';
import { recordOwn } from './record-own.ts';

/** Who has no password has to have logged in within this time; milliseconds. */
const FRESH = 10 * 60_000;

type ProofOptions = { accounts: Pick<Accounts, 'authenticate' | 'loggedInFrom'>; limits?: Limiter; audit?: Recorder };
export type StepUpOptions = ProofOptions & { accounts: Pick<Accounts, 'hasPassword' | 'loginAge'> };

/** Throws INVALID_CREDENTIALS, or RATE_LIMITED for somebody who guesses. */
export async function provePassword(
  request: FastifyRequest,
  { accounts, limits = UNLIMITED, audit = NOBODY_LISTENS }: ProofOptions,
  password: string,
): Promise<void> {
  const { email } = callerOf(request);
  const attempt = () => refusalsNoted(request, audit, accounts.authenticate({ email, password }));
  const familiar = () => accounts.loggedInFrom(email, request.ip);
  await guessed(limits, [email, addressOf(request)], attempt, familiar);
}

/** What `attempt` rejects with; a wrong password stands in the audit of whoever has the token. */
export async function refusalsNoted<T>(request: FastifyRequest, audit: Recorder, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    const { id } = callerOf(request);
    if (error instanceof HermitError && error.code === 'INVALID_CREDENTIALS') {
      recordOwn(audit, request, id, 'password_refused');
    }
    throw error;
  }
}

/**
 * The same; but whoever has no password (they come by single sign-on) has to have logged in a moment ago, else
 * FORBIDDEN.
 */
export async function stepUp(
  request: FastifyRequest,
  options: StepUpOptions,
  password: string | undefined,
): Promise<void> {
  const { accounts } = options;
  const { id } = callerOf(request);
  if (await accounts.hasPassword(id)) {
    if (password === undefined) throw new HermitError('INVALID_CREDENTIALS', 'This takes your password as well.');
    await provePassword(request, options, password);
  } else if ((await accounts.loginAge(id, loginOf(request))) > FRESH) {
    throw new HermitError('FORBIDDEN', 'Your account has no password: sign in anew, and do this within ten minutes.');
  }
}
