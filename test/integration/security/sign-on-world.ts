// A real OpenID Connect provider on loopback, and a browser that goes there and back: redirects, cookies and forms.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface SignOnWorld extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the provider says of an account, by the name that is typed there. */
  readonly people: Map<string, { email?: string; email_verified?: boolean }>;
}

/** `redirectUri`: where the relay wants people back. The address of a person is told by the userinfo endpoint alone. */
export async function startProvider(redirectUri: string): Promise<SignOnWorld> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientId = 'hermit';
  const clientSecret = randomBytes(32).toString('hex');
  const people = new Map<string, { email?: string; email_verified?: boolean }>();
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] },
        ...{ grant_types: ['authorization_code'], response_types: ['code'] },
      },
    ],
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...people.get(id) }),
    }),
  });
  server.on('request', provider.callback());
  return {
    ...{ issuer, clientId, clientSecret, people },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Follows redirects by hand, so that each can be seen, and keeps cookies by host. */
export class Browser {
  private readonly cookies = new Map<string, Map<string, string>>();

  async go(url: string, form?: Record<string, string>): Promise<Response> {
    const { host } = new URL(url);
    const jar = this.cookies.get(host) ?? new Map<string, string>();
    this.cookies.set(host, jar);
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    for (const line of response.headers.getSetCookie()) this.take(jar, line);
    return response;
  }

  /** What a page's own script would set, by a request of its own. */
  keep(url: string, lines: readonly string[]): void {
    const { host } = new URL(url);
    const jar = this.cookies.get(host) ?? new Map<string, string>();
    this.cookies.set(host, jar);
    for (const line of lines) this.take(jar, line);
  }

  /** Goes on until an address of `host` that begins with `prefix`, logging in at the provider as `who` on the way. */
  async logIn(from: string, who: string, until: string): Promise<string> {
    let url = from;
    let form: Record<string, string> | undefined;
    for (let step = 0; step < 15; step++) {
      if (url.startsWith(until)) return url;
      const response = await this.go(url, form);
      form = undefined;
      const location = response.headers.get('location');
      if (location !== null) {
        url = new URL(location, url).href;
        continue;
      }
      const page = await response.text();
      const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
      const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
      if (action === undefined || prompt === undefined) throw new Error(`stuck at ${url}: ${response.status} ${page}`);
      url = new URL(action, url).href;
      form = prompt === 'login' ? { prompt, login: who, password: 'any' } : { prompt };
    }
    throw new Error(`never came to ${until}`);
  }

  private take(jar: Map<string, string>, line: string): void {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(pair.slice(0, at));
    else jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
}
