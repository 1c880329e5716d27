// Ways in: by invitation, where registration is closed, by single sign-on; what another tab does to this one, and a page
// that was loaded before an upgrade.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../integration/kit/cluster.ts';
import type { NetworkPath } from '../integration/kit/network-path.ts';
import { until } from '../integration/kit/wait.ts';
import { type SignOnWorld, startProvider } from '../integration/security/sign-on-world.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let provider: SignOnWorld;
/** To a pod with single sign-on, where nobody may register. */
let closed: NetworkPath;

beforeAll(async () => {
  home = await startHome({ pods: 1, env: { REGISTRATION: 'invite' } });
  const { cluster } = home;
  closed = await cluster.path([1]);
  provider = await startProvider(`${closed.url}/auth/sso/callback`);
  const { issuer, clientId, clientSecret } = provider;
  const pod = await cluster.addPod({
    ...{ REGISTRATION: 'closed', OIDC_REGISTRATION: 'open', PUBLIC_URL: closed.url },
    ...{ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret },
  });
  await pod.untilReady();
  await until('the way leads there', async () => {
    // A connection that is kept would lead where the first one did.
    const answer = await fetch(`${closed.url}/auth/methods`, { headers: { connection: 'close' } });
    const { registration } = (await answer.json()) as { registration: string };
    return registration === 'closed';
  });
});
afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
});

const button = ({ page }: Visitor, name: string) => page.getByRole('button', { name, exact: true });

test('where an invitation is needed, one makes an account, once', async () => {
  const { status, body } = await home.cluster.call<{ token: string }>('POST', '/api/invites', {});
  expect(status).toBe(201);
  const join = async (visitor: Visitor, email: string) => {
    await visitor.page.goto('/');
    await button(visitor, 'I have an invitation').click();
    await visitor.page.getByLabel('Invitation').fill(body.token);
    await visitor.page.getByLabel('E-mail').fill(email);
    await visitor.page.getByLabel('Password').fill(PASSWORD);
    await button(visitor, 'Make the account').click();
  };
  const guest = await home.visitor();
  await join(guest, 'invited@example.org');
  await guest.page.getByRole('heading', { name: 'Machines' }).waitFor();
  const late = await home.visitor();
  await join(late, 'late@example.org');
  await late.page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
  expect(await late.page.getByLabel('E-mail').inputValue()).toBe('late@example.org');
});

test('where registration is closed, only those who have an account are asked in', async () => {
  const person = await home.visitor({}, closed);
  await person.page.goto('/');
  await person.page.getByRole('link', { name: 'Use single sign-on' }).waitFor();
  for (const name of ['Make an account', 'I have an invitation']) expect(await button(person, name).count()).toBe(0);
  await person.signIn(home.cluster.account.email);
});

/** At the provider. */
async function atProvider({ page }: Visitor, name: string): Promise<void> {
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: /continue/i }).click();
}

test('single sign-on leads to the page that was wanted', async () => {
  provider.people.set('ann', { email: 'ann@example.org', email_verified: true });
  const person = await home.visitor({}, closed);
  await person.page.goto('/device?code=BCDF-GHJK');
  await person.page.getByRole('link', { name: 'Use single sign-on' }).click();
  await atProvider(person, 'ann');
  await person.page.waitForURL('**/device?code=BCDF-GHJK');
  await person.page.locator('.top-bar').waitFor();
  expect(person.window.complaints).toEqual([]);
});

test('single sign-on that fails says why, and leads back to the page that was wanted', async () => {
  provider.people.set('unsure', { email: 'unsure@example.org', email_verified: false });
  const person = await home.visitor({}, closed);
  await person.page.goto('/settings');
  await person.page.getByRole('link', { name: 'Use single sign-on' }).click();
  await atProvider(person, 'unsure');
  await person.page.getByRole('heading', { name: 'Single sign-on did not work' }).waitFor();
  await person.page.getByText('does not vouch for your e-mail address').waitFor();
  await button(person, 'Sign in another way').click();
  await person.signIn(home.cluster.account.email, new URL(person.page.url()).pathname);
  await person.page.getByRole('heading', { name: 'Settings' }).waitFor();
  expect(person.window.complaints).toEqual([]);
});

test('a page from before an upgrade offers to load itself anew, and comes back to the session that was begun', async () => {
  const person = await home.owner();
  // The relay is asked for a file that it does not have any more.
  await person.page.route(/\/assets\/stage-/, async (route) => {
    await route.continue({ url: route.request().url().replace('stage-', 'stage-before-') });
  });
  await person.machine('box').getByRole('button', { name: 'New session' }).click();
  await person.page.getByText('Opening the terminal failed').waitFor();
  const address = person.page.url();
  expect(address).toMatch(/\/s\//);
  await person.page.unroute(/\/assets\/stage-/);
  await button(person, 'Reload').click();
  await person.live();
  expect(person.page.url()).toBe(address);
});

test('another account that signs in from another tab takes over this one, and sees nothing of what was open', async () => {
  const { cluster } = home;
  const person = await home.owner();
  await person.newSession('box');
  await person.type('echo of the owner\n');
  await person.sees(/^of the owner$/m);
  const { body: other } = await cluster.call<{ accessToken: string }>(
    ...(['POST', '/auth/login', { email: 'invited@example.org', password: PASSWORD }, null] as const),
  );
  const { body: link } = await cluster.call<{ code: string }>(
    ...(['POST', '/api/sign-in-links', { password: PASSWORD }, other.accessToken] as const),
  );
  const tab = await person.window.context.newPage();
  await tab.goto(`${home.path.url}/link#${link.code}`);
  await tab.getByText(`You are signed in as ${cluster.account.email}`).waitFor();
  await tab.getByRole('button', { name: 'Sign in by the link' }).click();
  await tab.getByRole('heading', { name: 'Machines' }).waitFor();
  // Here as well, without a reload.
  await person.page.getByRole('heading', { name: 'Machines' }).waitFor();
  await until('nothing of the other account is left', async () => (await person.page.locator('.pane').count()) === 0);
  expect(await person.page.getByRole('tab').count()).toBe(0);
  expect(await person.machine('box').count()).toBe(0);
  await button(person, 'Account and settings').click();
  await person.page.getByText('invited@example.org').first().waitFor();
  expect(person.window.complaints).toEqual([]);
});
