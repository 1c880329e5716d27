// Passwords that are tried: a few for each account and address, more for each account; a right one is forgotten.
import type { Limiter } from './limiter.ts';

/**
 * Runs `attempt`, which rejects for a wrong password. Counted before, so that many at once are many. `familiar`: the
 * account is logged in at this address; whoever guesses elsewhere does not shut its owner out there.
 */
export async function guessed<T>(
  limits: Limiter,
  [account, address]: [account: string, address: string],
  attempt: () => Promise<T>,
  familiar: () => Promise<boolean>,
): Promise<T> {
  await limits.take('guess', account, address);
  await limits.take('guesses', account).catch(async (error) => {
    if (!(await familiar())) throw error;
  });
  const found = await attempt();
  await Promise.all([limits.forget('guess', account, address), limits.forget('guesses', account)]);
  return found;
}
