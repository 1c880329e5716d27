// Who may do what how often. RATE_LIMITS multiplies all of them; 0 switches them off.

type Rule = { readonly most: number /** Milliseconds. */; readonly within: number };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const RULES = {
  // By address (of IPv6 the network of 64 bits, which is what one customer gets)
  register: { most: 60, within: HOUR },
  login: { most: 60, within: MINUTE },
  refresh: { most: 600, within: MINUTE },
  /** Codes that somebody else has to approve. */
  device: { most: 60, within: 10 * MINUTE },
  /** The same devices, which ask what became of it. */
  outcome: { most: 6_000, within: MINUTE },
  /** Sockets. A data centre of agents may come at once from one address, and again when a pod dies. */
  upgrade: { most: 60_000, within: MINUTE },
  /** Sockets that did not introduce themselves, or with a token that is none: after these no more upgrades. */
  intruder: { most: 600, within: MINUTE },
  /** Whatever else is asked without a token. */
  anybody: { most: 1_200, within: MINUTE },

  // By account
  /** Whatever is asked with a token: each question is one for the database. */
  api: { most: 12_000, within: MINUTE },
  /** Wrong passwords for one account from one address: who guesses shuts out nobody else. */
  guess: { most: 10, within: 15 * MINUTE },
  /** The same from all addresses together. */
  guesses: { most: 100, within: HOUR },
  password: { most: 10, within: 15 * MINUTE },
  enrol: { most: 2_000, within: HOUR },
  share: { most: 200, within: HOUR },
  /** Codes and links that are tried. */
  code: { most: 20, within: 10 * MINUTE },
  invite: { most: 200, within: HOUR },
  /** Introductions of a user's clients. */
  client: { most: 6_000, within: MINUTE },
  /** Those of one machine's agents. After a storm there is a window for each machine: they are to be gone soon. */
  agent: { most: 30, within: 15 * SECOND },

  // By login, and by token
  /** Each leaves a row for a week, so that a second use is noticed. An honest client renews every 15 minutes. */
  renew: { most: 240, within: HOUR },
  /** A device asks for its approval every few seconds. */
  poll: { most: 120, within: MINUTE },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;
