// The logins of this user, by relay, in one file that nobody else can read.
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TokenStore, Tokens } from '@hermit/client';
import { EXIT, Failure } from '../failure.ts';
import { type LockOptions, withLock } from './file-lock.ts';

type Contents = {
  version: 1;
  /** The relay that is meant when none is named: that of the latest login. */
  relay: string | null;
  logins: Record<string, Tokens>;
};

const EMPTY: Contents = { version: 1, relay: null, logins: {} };

export class CredentialFile {
  readonly path: string;
  private readonly lockOptions: LockOptions;

  constructor(directory: string, lockOptions: LockOptions = {}) {
    this.path = join(directory, 'credentials.json');
    this.lockOptions = lockOptions;
  }

  /** The relay of the latest login; null when there is none. */
  async relay(): Promise<string | null> {
    return (await this.read()).relay;
  }

  async relays(): Promise<string[]> {
    return Object.keys((await this.read()).logins);
  }

  /** Which relay is meant from now on when none is named. */
  async choose(relay: string): Promise<void> {
    await this.change((contents) => ({ ...contents, relay }));
  }

  /** The tokens of one relay. Parallel processes take turns, so that a refresh token is used once. */
  storeOf(relay: string): TokenStore {
    return {
      read: async () => (await this.read()).logins[relay] ?? null,
      change: async (run) => {
        let result: Tokens | null = null;
        await this.locked(async () => {
          const contents = await this.read();
          const before = contents.logins[relay] ?? null;
          result = await run(before);
          if (result === before) return;
          const { [relay]: _, ...others } = contents.logins;
          const logins = result ? { ...others, [relay]: result } : others;
          const left = contents.relay === relay && result === null ? (Object.keys(others)[0] ?? null) : contents.relay;
          await this.write({ version: 1, relay: left, logins });
        });
        return result;
      },
    };
  }

  private change(run: (contents: Contents) => Contents): Promise<void> {
    return this.locked(async () => this.write(run(await this.read())));
  }

  private async locked(work: () => Promise<void>): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await withLock(`${this.path}.lock`, work, this.lockOptions);
  }

  private async read(): Promise<Contents> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY;
      throw new Failure(EXIT.failed, `${this.path} cannot be read: ${(error as Error).message}`);
    }
    try {
      const contents = JSON.parse(text) as Contents;
      if (contents.version === 1 && typeof contents.logins === 'object' && contents.logins !== null) return contents;
    } catch {
      // told below
    }
    throw new Failure(EXIT.failed, `${this.path} is damaged, or of a later version.`, 'Remove it and log in again.');
  }

  /** Written aside and moved into place: a crash leaves the old file or the new one, never half of one. */
  private async write(contents: Contents): Promise<void> {
    const aside = `${this.path}.${randomUUID()}`;
    try {
      const file = await open(aside, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(contents, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await chmod(aside, 0o600); // whatever the umask has made of it
      await rename(aside, this.path);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  }
}
