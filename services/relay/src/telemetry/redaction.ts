// What must not be in a log, whoever put it into a sentence: tokens, passwords, credentials in addresses.

/** Longest text of one field. */
const LONGEST = 1_000;
const HIDDEN = '[hidden]';

/** Machine tokens, JSON Web Tokens, `Bearer …`, what follows words for secrets, user and password in an address. */
const SECRETS: readonly [RegExp, string][] = [
  [/\bhm[a-z]_[A-Za-z0-9_-]{8,}/g, HIDDEN],
  [/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?/g, HIDDEN],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [/\b(password|passwd|secret|token|authorization|cookie)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi, `$1$2${HIDDEN}`],
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
];

/** One line of bounded length, without secrets and without control characters (a terminal may show it). */
export function redacted(text: string): string {
  let clean = text.slice(0, 4 * LONGEST);
  for (const [pattern, instead] of SECRETS) clean = clean.replace(pattern, instead);
  clean = clean.replace(/\p{Cc}+/gu, ' ');
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean;
}
