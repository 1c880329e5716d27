// Tokens that stay fresh, in several processes at once.
import { describe, expect, it } from 'vitest';
import { expiryOf, Login, type TokenStore } from './login.ts';
import { RelayApi, type Tokens } from './relay-api.ts';

const NOW = 1_700_000_000_000;
const USER = { id: '33333333-3333-4333-8333-333333333333', email: 'ann@example.org' };

function jwt(endsInMs: number, serial = 0): string {
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ exp: Math.floor((NOW + endsInMs) / 1000), n: serial, x: '??>>' })}.s`;
}

/** What processes share: one at a time changes it. */
class Shared implements TokenStore {
  tokens: Tokens | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  async read() {
    return this.tokens;
  }
  change(run: (present: Tokens | null) => Promise<Tokens | null>) {
    const mine = this.turn.then(async () => {
      this.tokens = await run(this.tokens);
      return this.tokens;
    });
    this.turn = mine.catch(() => {});
    return mine;
  }
}

function relay() {
  const used: string[] = [];
  let serial = 0;
  let away = false;
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (away) throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    const body = JSON.parse((init.body as string | undefined) ?? '{}') as { refreshToken?: string };
    if (url.endsWith('/auth/refresh')) {
      if (used.includes(body.refreshToken as string))
        return Response.json({ code: 'INVALID_TOKEN', message: 'used before' }, { status: 401 });
      used.push(body.refreshToken as string);
    }
    if (url.endsWith('/auth/logout')) return new Response(null, { status: 204 });
    serial++;
    return Response.json({ user: USER, accessToken: jwt(900_000, serial), refreshToken: `refresh-${serial}` });
  };
  return { api: new RelayApi('https://relay.test', fetch), used, leave: () => (away = true) };
}

function loggedIn(endsInMs: number) {
  const shared = new Shared();
  shared.tokens = { user: USER, accessToken: jwt(endsInMs), refreshToken: 'refresh-0' };
  const { api, used, leave } = relay();
  const process = () => new Login(api, shared, { now: () => NOW });
  return { shared, used, leave, process };
}

describe('an access token', () => {
  it('is the kept one while it lives', async () => {
    const { shared, used, process } = loggedIn(60_000);
    expect(await process().accessToken()).toBe(shared.tokens?.accessToken);
    expect(used).toEqual([]);
  });

  it('is refreshed once by many processes whose token has ended', async () => {
    const { used, process, shared } = loggedIn(10_000);
    const tokens = await Promise.all(Array.from({ length: 8 }, () => process().accessToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(used).toEqual(['refresh-0']);
    expect(shared.tokens?.refreshToken).toBe('refresh-1');
  });

  it('is another one than the one that was refused', async () => {
    const { shared, used, process } = loggedIn(600_000);
    const refused = shared.tokens?.accessToken as string;
    const [a, b] = await Promise.all([process().accessToken(refused), process().accessToken(refused)]);
    expect(a).not.toBe(refused);
    expect(b).toBe(a);
    expect(used).toHaveLength(1);
  });

  it('is null once the login has ended, and the store is empty', async () => {
    const { shared, used, process } = loggedIn(0);
    used.push('refresh-0');
    expect(await process().accessToken()).toBeNull();
    expect(shared.tokens).toBeNull();
    expect(await process().accessToken()).toBeNull();
  });

  it('cannot be had while the relay is away, and nothing is lost by that', async () => {
    const { shared, leave, process } = loggedIn(0);
    leave();
    await expect(process().accessToken()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The relay at https://relay.test/ cannot be reached: connect ECONNREFUSED.',
    });
    expect(shared.tokens?.refreshToken).toBe('refresh-0');
  });
});

it('logs out even when the relay is away', async () => {
  const { shared, leave, process } = loggedIn(0);
  leave();
  expect(await process().end()).toMatchObject({ was: { user: USER }, told: false });
  expect(shared.tokens).toBeNull();
});

it('reads when a token ends', () => {
  expect(expiryOf(jwt(60_000))).toBe(Math.floor((NOW + 60_000) / 1000) * 1000);
  expect(expiryOf('nonsense')).toBeNull();
  expect(expiryOf('a.b.c')).toBeNull();
});

describe('the address of a relay', () => {
  const api = (url: string) => new RelayApi(url, fetch);
  it.each([
    ['https://relay.test', 'wss://relay.test/ws/client'],
    ['http://localhost:3001/', 'ws://localhost:3001/ws/client'],
    ['https://example.org/hermit', 'wss://example.org/hermit/ws/client'],
    ['relay.test', 'wss://relay.test/ws/client'],
  ])('%s has its socket at %s', (url, socket) => {
    expect(api(url).socketUrl).toBe(socket);
  });
  it.each(['ftp://x', 'https://', 'https://ann:secret@relay.test', 'not an address'])('is not %s', (url) => {
    expect(() => api(url)).toThrow();
  });
});

it('says so when something else answers', async () => {
  const web = new RelayApi('https://web.test', async () => new Response('<html>', { status: 200 }));
  await expect(web.machines('t')).rejects.toThrow('https://web.test/ answers 200, and not as a Hermit relay does.');
});
