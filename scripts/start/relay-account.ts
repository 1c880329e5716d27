// The first user and this machine's enrolment, over the relay's own HTTP interface; remembered in the data directory.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Explained } from './settings.ts';

interface Machine {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
}

/** What is kept of one account: its password, and the tokens of the machines enrolled from here, by name. */
interface Remembered {
  password: string;
  machineTokens: Record<string, string>;
}

const requestDeadlineMs = 15_000;

/** The file with what only this machine knows; nobody but its owner reads it. */
class Memory {
  readonly path: string;
  #accounts: Record<string, Remembered>;

  constructor(dataDirectory: string) {
    this.path = join(dataDirectory, 'local-accounts.json');
    this.#accounts = this.#read();
  }

  #read(): Record<string, Remembered> {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw new Explained(`${this.path} cannot be read: ${(error as Error).message}`);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new Explained(`${this.path} is damaged. It holds the local password; restore it, or move it away.`);
    }
  }

  of(email: string): Remembered | undefined {
    return this.#accounts[email];
  }

  keep(email: string, account: Remembered): void {
    this.#accounts = { ...this.#accounts, [email]: account };
    // Written aside and moved into place: a crash leaves the old file or the new one, never half of one.
    const aside = `${this.path}.new`;
    writeFileSync(aside, `${JSON.stringify(this.#accounts, null, 2)}\n`, { mode: 0o600 });
    chmodSync(aside, 0o600);
    renameSync(aside, this.path);
  }
}

export class RelayAccount {
  readonly #relay: string;
  readonly #email: string;
  readonly #memory: Memory;
  #accessToken = '';
  /** True when this start made the user, and its password was never shown. */
  isNew = false;

  constructor(relay: string, email: string, dataDirectory: string) {
    this.#relay = relay;
    this.#email = email;
    this.#memory = new Memory(dataDirectory);
  }

  get password(): string {
    return this.#memory.of(this.#email)?.password ?? '';
  }

  get passwordFile(): string {
    return this.#memory.path;
  }

  async #request(method: string, path: string, body?: unknown): Promise<{ status: number; answer: unknown }> {
    const response = await fetch(new URL(path, this.#relay), {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.#accessToken && { authorization: `Bearer ${this.#accessToken}` }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(requestDeadlineMs),
    });
    const text = await response.text();
    return { status: response.status, answer: text ? JSON.parse(text) : undefined };
  }

  /** The answer to a request that has no reason to fail. */
  async #expect<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, answer } = await this.#request(method, path, body);
    if (status < 300) return answer as T;
    throw new Explained(`The relay answered ${method} ${path} with ${status}: ${JSON.stringify(answer)}`);
  }

  /** Signs the local user in, and creates it first where there is none. */
  async signIn(): Promise<void> {
    const remembered = this.#memory.of(this.#email);
    if (remembered) {
      const credentials = { email: this.#email, password: remembered.password };
      const { status, answer } = await this.#request('POST', '/auth/login', credentials);
      if (status < 300) {
        this.#accessToken = (answer as { accessToken: string }).accessToken;
        return;
      }
      if (status !== 401) throw new Explained(`The relay refused the local user: ${JSON.stringify(answer)}`);
    }
    await this.#register(remembered);
  }

  async #register(remembered: Remembered | undefined): Promise<void> {
    const account = { password: remembered?.password ?? newPassword(), machineTokens: {} };
    // Kept before it is used: a crash in between must not leave a user whose password nobody knows.
    if (!remembered) this.#memory.keep(this.#email, account);
    const credentials = { email: this.#email, password: account.password };
    const { status, answer } = await this.#request('POST', '/auth/register', credentials);
    if (status >= 300) {
      throw new Explained(
        `The user ${this.#email} could not be created (${JSON.stringify(answer)}). If it exists with another ` +
          `password, choose another with HERMIT_EMAIL, or another HERMIT_DATA_DIR.`,
      );
    }
    this.#memory.keep(this.#email, account);
    this.#accessToken = (answer as { accessToken: string }).accessToken;
    this.isNew = true;
  }

  async machines(): Promise<Machine[]> {
    const answer = await this.#expect<Machine[] | { machines: Machine[] }>('GET', '/api/machines');
    return Array.isArray(answer) ? answer : answer.machines;
  }

  /** The token for this machine's agent; enrols the machine, or again where its token was lost. */
  async machineToken(name: string): Promise<string> {
    const enrolled = (await this.machines()).find((machine) => machine.name === name);
    const account = this.#memory.of(this.#email);
    const known = account?.machineTokens[name];
    if (enrolled && known) return known;
    if (enrolled) await this.#expect('DELETE', `/api/machines/${enrolled.id}`);
    const { token } = await this.#expect<{ token: string }>('POST', '/api/machines', { name });
    this.#memory.keep(this.#email, {
      password: this.password,
      machineTokens: { ...account?.machineTokens, [name]: token },
    });
    return token;
  }

  /** Opens in a browser as this user, once and soon, at a live shell of the machine. */
  async signInLink(name: string): Promise<string> {
    const machine = (await this.machines()).find((one) => one.name === name);
    const { code } = await this.#expect<{ code: string }>('POST', '/api/sign-in-links', { password: this.password });
    const link = new URL('/link', this.#relay);
    if (machine) link.searchParams.set('machine', machine.id);
    // Behind the hash it is sent to nobody: not to the relay's log, not to the proxies before it.
    link.hash = code;
    return link.href;
  }

  async isOnline(name: string): Promise<boolean> {
    return (await this.machines()).some((machine) => machine.name === name && machine.online);
  }
}

/** 100 bits, in groups that can be typed, without letters and digits that look alike. */
const newPassword = (): string => {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const letters = Array.from(randomBytes(20), (byte) => alphabet[byte % alphabet.length]);
  return letters.join('').replace(/.{5}(?=.)/g, '$&-');
};
