// One relay, one login: what is said of the one that another takes the place of.
import type { Tokens } from '@hermit/client';
import { printable } from '../output/printable.ts';

/** A sentence, or nothing where there was none, or one of the same account. */
export function replaced(before: Tokens | null, now: Tokens['user']): string {
  if (before === null || before.user.email === now.email) return '';
  return ` It replaces the login as ${printable(before.user.email)}, which was here.`;
}
