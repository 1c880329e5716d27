// One login and its access token, taken anew before it runs out: a run is longer than a token's life.
import { call } from './api-call.ts';

/** Shorter than the life of an access token, milliseconds. */
const RENEW_MS = 5 * 60_000;

export class Login {
  private readonly url: string;
  private readonly email: string;
  private readonly password: string;
  private current: { token: Promise<string>; at: number } | undefined;

  constructor(url: string, email: string, password: string) {
    this.url = url;
    this.email = email;
    this.password = password;
  }

  token(): Promise<string> {
    const now = performance.now();
    if (!this.current || now - this.current.at > RENEW_MS) this.current = { token: this.ask(), at: now };
    return this.current.token;
  }

  private async ask(): Promise<string> {
    const { email, password } = this;
    return (await call<{ accessToken: string }>('POST', `${this.url}/auth/login`, { email, password })).accessToken;
  }
}
