// The ways in beside a password: devices, invitations and single sign-on; and what the audit says of them.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../services/server-process.ts';
import { until } from '../kit/wait.ts';
import { PASSWORD, type Person, type RelayPod, type Relays, startRelays } from './relay-kit.ts';
import { Browser, type SignOnWorld, startProvider } from './sign-on-world.ts';

type LoggedIn = { user: { id: string; email: string }; accessToken: string; refreshToken: string };
type Started = { code: string; link: string; secret: string; interval: number };
type Entry = { action: string; actorEmail: string | null; machineId: string | null; details: Record<string, unknown> };

async function auditOf(pod: RelayPod, token: string, until_: (entries: Entry[]) => boolean): Promise<Entry[]> {
  let seen: Entry[] = [];
  await until('the audit says so', async () => {
    const { body } = await pod.call<{ entries: Entry[] }>('GET', '/api/audit?limit=100', { token });
    seen = body.entries;
    return until_(seen);
  });
  return seen;
}
const actions = (entries: readonly Entry[]) => entries.map(({ action }) => action).reverse();

describe('a device', () => {
  let relays: Relays;
  let person: Person;
  beforeAll(async () => {
    relays = await startRelays({ pods: 2, env: { PUBLIC_URL: 'https://hermit.example.org/base' } });
    person = await relays.person();
  });
  afterAll(() => relays?.[Symbol.asyncDispose]());

  const begin = async (body: Record<string, unknown> = {}) => {
    const answer = await relays.pod(0).call<Started>('POST', '/auth/device', { body });
    expect(answer.status).toBe(201);
    return answer.body;
  };
  const outcome = (secret: string, pod = 0) =>
    relays.pod(pod).call<Record<string, unknown>>('POST', '/auth/device/outcome', { body: { secret } });
  const decide = (body: Record<string, unknown>) =>
    relays.pod(1).call('POST', '/api/device/approve', { token: person.accessToken, body });

  it('logs in without a password, once somebody approves its code on another pod', async () => {
    const { code, link, secret, interval } = await begin();
    expect(link).toBe(`https://hermit.example.org/base/device?code=${code}`);
    expect(await outcome(secret)).toMatchObject({ status: 200, body: { status: 'pending', interval } });
    const asked = await relays.pod(1).call('GET', `/api/device/${code.toLowerCase()}`, { token: person.accessToken });
    const question = { machineName: null, address: '127.0.0.1', replaces: false, password: true };
    expect(asked).toMatchObject({ status: 200, body: question });
    // An access token alone, which may be stolen and is worth minutes, buys no login.
    for (const password of [{}, { password: 'wrong' }]) {
      expect(await decide({ code, ...password })).toMatchObject({ status: 401, body: { code: 'INVALID_CREDENTIALS' } });
    }
    expect((await decide({ code, password: PASSWORD })).status).toBe(204);
    expect((await decide({ code, password: PASSWORD })).status).toBe(404);
    const { body } = await outcome(secret);
    expect(body).toMatchObject({ status: 'login', user: { id: person.id, email: person.email } });
    const me = await relays.pod(1).call('GET', '/api/me', { token: String(body.accessToken) });
    expect(me.body).toMatchObject({ id: person.id });
    expect((await outcome(secret)).status).toBe(404);
  });

  it('that was approved gets nothing once its user has logged out everywhere, or changed the password', async () => {
    const ends = [
      ['DELETE', '/api/logins'],
      ['POST', '/api/password', { current: PASSWORD, next: 'a better password' }],
    ] as const;
    for (const [method, path, body] of ends) {
      const { accessToken: token } = await relays.person();
      const asked = [await begin(), await begin({ machineName: 'box' })];
      for (const { code } of asked) {
        const answer = await relays
          .pod(1)
          .call('POST', '/api/device/approve', { token, body: { code, password: PASSWORD } });
        expect(answer.status).toBe(204);
      }
      const link = await relays
        .pod(0)
        .call<{ code: string }>('POST', '/api/sign-in-links', { token, body: { password: PASSWORD } });
      expect((await relays.pod(0).call(method, path, { token, ...(body ? { body } : {}) })).status).toBe(204);
      for (const { secret } of asked) expect((await outcome(secret, 1)).status).toBe(404);
      const { code } = link.body;
      expect((await relays.pod(1).call('POST', '/auth/link', { body: { code } })).status).toBe(401);
    }
  });

  it('is told that it was refused', async () => {
    const { code, secret } = await begin();
    expect((await decide({ code, approve: false })).status).toBe(204);
    expect(await outcome(secret)).toMatchObject({ status: 200, body: { status: 'denied' } });
    expect((await outcome(secret)).status).toBe(404);
  });

  it('gets the token of a machine, and its agent is let in with it', async () => {
    const name = `box-${randomUUID().slice(0, 8)}`;
    const { code, secret } = await begin({ machineName: name });
    expect((await decide({ code })).status).toBe(204);
    const { body } = await outcome(secret, 1);
    expect(body).toMatchObject({ status: 'machine', machine: { name } });
    const agent = await relays.agent(0, { name, token: String(body.token) });
    expect(agent.closed).toBeNull();

    const again = await begin({ machineName: name });
    expect(await decide({ code: again.code })).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
    expect((await decide({ code: again.code, replace: true })).status).toBe(204);
    expect((await outcome(again.secret)).body).toMatchObject({ status: 'machine', machine: { name } });
    expect(await agent.closedWith()).toBe(4008);
  });

  it('and whoever guesses codes is stopped', async () => {
    const guesser = await relays.person();
    const guess = (pod: number) =>
      relays.pod(pod).call('POST', '/api/device/approve', { token: guesser.accessToken, body: { code: 'BCDF-GHJK' } });
    const answers = [];
    for (let i = 0; i < 22; i++) answers.push(await guess(i % 2));
    expect(answers.map(({ status }) => status)).toEqual([...Array(20).fill(404), 429, 429]);
    const last = answers.at(-1);
    expect(last?.body).toMatchObject({ code: 'RATE_LIMITED', message: expect.stringContaining('try again') });
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(500);
  });

  it('stands in the audit of whoever let it in', async () => {
    const entries = await auditOf(relays.pod(1), person.accessToken, (all) =>
      all.some(({ action }) => action === 'device_refused'),
    );
    const { body } = await begin({ machineName: 'audited' }).then(async ({ code, secret }) => {
      await decide({ code });
      return outcome(secret);
    });
    const machineId = (body.machine as { id: string }).id;
    const later = await auditOf(relays.pod(0), person.accessToken, (all) =>
      all.some((entry) => entry.machineId === machineId),
    );
    expect(actions(entries)).toEqual(
      expect.arrayContaining(['registered', 'device_approved', 'login', 'device_refused']),
    );
    // Each pod writes what it saw in its own time.
    expect(later.find((entry) => entry.machineId === machineId)).toMatchObject({
      ...{ action: 'machine_added', machineId, actorEmail: person.email },
      details: { name: 'audited', way: 'device' },
    });
  });
});

describe('by invitation', () => {
  it('the first user administers, and invites others', async () => {
    await using relays = await startRelays({ env: { REGISTRATION: 'invite' } });
    const pod = relays.pod(0);
    expect((await pod.call('GET', '/auth/methods')).body).toEqual({ registration: 'invite', singleSignOn: false });
    const first = await relays.person();
    expect((await pod.call('GET', '/api/me', { token: first.accessToken })).body).toMatchObject({
      administrator: true,
    });
    const register = (invite?: string) =>
      pod.call<LoggedIn>('POST', '/auth/register', {
        body: { email: `${randomUUID()}@example.org`, password: PASSWORD, ...(invite ? { invite } : {}) },
      });
    expect((await register()).status).toBe(403);
    const made = await pod.call<{ token: string; invite: { id: string } }>('POST', '/api/invites', {
      token: first.accessToken,
      body: {},
    });
    expect(made.status).toBe(201);
    const second = await register(made.body.token);
    expect(second.status).toBe(201);
    expect((await register(made.body.token)).status).toBe(403);
    const token = second.body.accessToken;
    for (const [method, path] of [
      ['POST', '/api/invites'],
      ['GET', '/api/invites'],
      ['DELETE', `/api/invites/${made.body.invite.id}`],
    ] as const) {
      const answer = await pod.call(method, path, { token, ...(method === 'POST' ? { body: {} } : {}) });
      expect(answer).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    }
  });
});

describe('single sign-on', () => {
  let provider: SignOnWorld;
  let relays: Relays;
  let base: string;
  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    provider = await startProvider(`${base}/auth/sso/callback`);
    const env = {
      ...{ PORT: `${port}`, PUBLIC_URL: base, OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: provider.clientId },
      OIDC_CLIENT_SECRET: provider.clientSecret,
    };
    relays = await startRelays({ env });
  });
  afterAll(async () => {
    await relays?.[Symbol.asyncDispose]();
    await provider?.[Symbol.asyncDispose]();
  });

  const someone = (email_verified = true) => {
    const name = randomUUID();
    const email = `${name}@example.org`;
    provider.people.set(name, { email, email_verified });
    return { name, email };
  };
  const codeOf = (url: string) => new URL(url).hash.slice(1);
  const enter = (code: string) => relays.pod(0).call<LoggedIn>('POST', '/auth/link', { body: { code } });

  it('goes to the provider and back, and makes an account the first time', async () => {
    const { name, email } = someone();
    expect((await relays.pod(0).call('GET', '/auth/methods')).body).toMatchObject({ singleSignOn: true });
    const first = await enter(codeOf(await new Browser().logIn(`${base}/auth/sso`, name, `${base}/link`)));
    expect(first).toMatchObject({ status: 200, body: { user: { email } } });
    provider.people.set(name, { email: 'another@example.org', email_verified: true });
    const again = await enter(codeOf(await new Browser().logIn(`${base}/auth/sso`, name, `${base}/link`)));
    expect(again.body.user).toEqual(first.body.user);
  });

  it('sends everything along that the provider checks, and a cookie for this browser alone', async () => {
    const response = await new Browser().go(`${base}/auth/sso`);
    expect(response.status).toBe(302);
    const { origin, searchParams } = new URL(String(response.headers.get('location')));
    expect(origin).toBe(provider.issuer);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      ...{ response_type: 'code', client_id: 'hermit', redirect_uri: `${base}/auth/sso/callback` },
      ...{ scope: 'openid email', code_challenge_method: 'S256', code_challenge: expect.any(String) },
      ...{ state: expect.any(String), nonce: expect.any(String) },
    });
    const [cookie] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^hermit_sign_on=[^;]+; Path=\/auth\/sso; Max-Age=600; HttpOnly; SameSite=Lax$/);
  });

  it('takes over no account that has the address, and no address that is not vouched for', async () => {
    const victim = await relays.person();
    const attacker = randomUUID();
    provider.people.set(attacker, { email: victim.email, email_verified: true });
    const unsure = someone(false);
    for (const [name, status, code] of [
      [attacker, 400, 'DUPLICATE'],
      [unsure.name, 403, 'FORBIDDEN'],
    ] as const) {
      const browser = new Browser();
      const back = await browser.logIn(`${base}/auth/sso`, name, `${base}/auth/sso/callback`);
      const answer = await browser.go(back);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ code });
      // A person is led to a page that says so.
      const page = await fetch(back, { redirect: 'manual', headers: { accept: 'text/html,*/*' } });
      expect([page.status, page.headers.get('location')]).toEqual([302, `${base}/sso#INVALID_TOKEN`]);
    }
  });

  it('is linked to an account from inside, and logs in to it from then on', async () => {
    const person = await relays.person();
    const { name } = someone();
    const browser = new Browser();
    const token = person.accessToken;
    expect((await relays.pod(0).call('POST', '/api/sso/link', { token, body: {} })).status).toBe(401);
    const link = await relays.pod(0).call<{ url: string }>('POST', '/api/sso/link', {
      ...{ token: person.accessToken, body: { password: PASSWORD } },
    });
    browser.keep(base, link.headers.getSetCookie());
    await browser.logIn(link.body.url, name, `${base}/settings`);
    const entered = await enter(codeOf(await new Browser().logIn(`${base}/auth/sso`, name, `${base}/link`)));
    expect(entered.body.user).toEqual({ id: person.id, email: person.email });
    const entries = await auditOf(relays.pod(0), person.accessToken, (all) =>
      all.some(({ action }) => action === 'identity_linked'),
    );
    expect(entries.find(({ action }) => action === 'identity_linked')?.details).toEqual({ issuer: provider.issuer });

    type Identities = { identities: { id: string; issuer: string; subject: string }[] };
    const { body } = await relays.pod(0).call<Identities>('GET', '/api/identities', { token });
    expect(body.identities).toMatchObject([{ issuer: provider.issuer, subject: name }]);
    const remove = (of: string) =>
      relays.pod(0).call('DELETE', `/api/identities/${body.identities[0]?.id}`, { token: of });
    expect((await remove((await relays.person()).accessToken)).status).toBe(404);
    expect((await remove(token)).status).toBe(204);
    // A stranger from then on.
    const stranger = await enter(codeOf(await new Browser().logIn(`${base}/auth/sso`, name, `${base}/link`)));
    expect(stranger.body.user.id).not.toBe(person.id);
  });

  it('lets who has no password approve a device after a log-in of a moment ago, and keeps their only identity', async () => {
    const { name } = someone();
    const { body } = await enter(codeOf(await new Browser().logIn(`${base}/auth/sso`, name, `${base}/link`)));
    const token = body.accessToken;
    const approve = async () => {
      const asked = await relays.pod(0).call<Started>('POST', '/auth/device', { body: {} });
      const { code } = asked.body;
      const question = await relays.pod(0).call('GET', `/api/device/${code}`, { token });
      expect(question.body).toMatchObject({ password: false });
      return (await relays.pod(0).call('POST', '/api/device/approve', { token, body: { code } })).status;
    };
    expect(await approve()).toBe(204);
    await relays.sql`update logins set created_at = created_at - interval '11 minutes' where user_id = ${body.user.id}`;
    expect(await approve()).toBe(403);
    type Identities = { identities: { id: string }[] };
    const mine = await relays.pod(0).call<Identities>('GET', '/api/identities', { token });
    const [only] = mine.body.identities;
    expect((await relays.pod(0).call('DELETE', `/api/identities/${only?.id}`, { token })).status).toBe(403);
  });

  it('links nothing when the login that began it has ended', async () => {
    const person = await relays.person();
    const { name } = someone();
    const browser = new Browser();
    const link = await relays.pod(0).call<{ url: string }>('POST', '/api/sso/link', {
      ...{ token: person.accessToken, body: { password: PASSWORD } },
    });
    browser.keep(base, link.headers.getSetCookie());
    await relays.pod(0).call('DELETE', '/api/logins', { token: person.accessToken });
    const back = await browser.logIn(link.body.url, name, `${base}/auth/sso/callback`);
    expect((await browser.go(back)).status).toBe(401);
  });

  it('is refused when it was begun in another browser, or the answer is made up', async () => {
    const { name } = someone();
    const browser = new Browser();
    const back = await browser.logIn(`${base}/auth/sso`, name, `${base}/auth/sso/callback`);
    expect((await new Browser().go(back)).status).toBe(401);
    const other = new Browser();
    await other.go(`${base}/auth/sso`);
    expect((await other.go(back)).status).toBe(401);
    const forged = new Browser();
    await forged.go(`${base}/auth/sso`);
    const state = new URL(back).searchParams.get('state');
    expect((await forged.go(`${base}/auth/sso/callback?code=made-up&state=${state}`)).status).toBe(401);
    expect((await browser.go(back)).status).toBe(302);
    expect((await browser.go(back)).status).toBe(401);
  });

  it('says when the provider is away, and everything else goes on', async () => {
    await using relay = await startRelays({
      env: { PUBLIC_URL: 'http://127.0.0.1:9', OIDC_ISSUER: 'http://127.0.0.1:9', OIDC_CLIENT_ID: 'hermit' },
    });
    expect(await relay.pod(0).call('GET', '/auth/sso')).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    await relay.person();
  });
});
