// What npm start reads from the environment, checked before anything starts.
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';

export interface Settings {
  /** Where the relay listens; `port` 0 means any free one. */
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly email: string;
  /** What this machine is called in Hermit: 1 to 64 characters. */
  readonly machineName: string;
  /** Variables that are set and mean nothing here. */
  readonly ignored: readonly string[];
}

/** What leads the relay to servers that are elsewhere; secrets among them may be set as files (NAME_FILE). */
export const ELSEWHERE = ['REDIS_URL', 'REDIS_CA', 'REDIS_MODE', 'DATABASE_URL', 'DATABASE_CA'] as const;

/** A wrong or impossible setting, or anything else that one sentence explains. */
export class Explained extends Error {}

const given = (name: string): string | undefined => process.env[name]?.trim() || undefined;

const port = (): number => {
  const text = given('PORT') ?? '3001';
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Explained(`PORT must be a port number, 0 to 65535 (0: any free one), not "${text}".`);
};

const email = (): string => {
  const text = given('HERMIT_EMAIL') ?? 'local@hermit.localhost';
  if (/^[^\s@]+@[^\s@]+$/.test(text)) return text;
  throw new Explained(`HERMIT_EMAIL must be an e-mail address, not "${text}".`);
};

const machineName = (): string => {
  const name = given('HERMIT_NAME') ?? (hostname().replace(/\.local$/, '') || 'this-machine').slice(0, 64);
  if (name.length <= 64) return name;
  throw new Explained(`HERMIT_NAME must have 1 to 64 characters, and has ${name.length}.`);
};

export const readSettings = (): Settings => ({
  host: given('HOST') ?? '127.0.0.1',
  port: port(),
  // The relay's own default, so that "npm run relay" finds the same data.
  dataDirectory: resolve(
    given('HERMIT_DATA_DIR') ?? join(given('XDG_DATA_HOME') ?? join(homedir(), '.local', 'share'), 'hermit'),
  ),
  email: email(),
  machineName: machineName(),
  ignored: ELSEWHERE.flatMap((name) => [name, `${name}_FILE`]).filter((name) => given(name) !== undefined),
});
