// JWT_SECRET is replaced while pods are restarted one by one: each step's pods beside those of the step before.
import { afterAll, describe, expect, it } from 'vitest';
import { PASSWORD, type Person, type Relays, startRelays } from './relay-kit.ts';

const [OLD, NEW] = [
  'the-old-secret-of-a-test-with-over-32-characters',
  'the-new-secret-of-a-test-with-over-32-characters',
];

type Tokens = { accessToken: string; refreshToken: string };

async function logIn(relays: Relays, pod: number, { email }: Person): Promise<Tokens> {
  const { body } = await relays.pod(pod).call<Tokens>('POST', '/auth/login', { body: { email, password: PASSWORD } });
  return body;
}

/** What the other pod says to tokens of this one: to the access token, on a socket, and to the refresh token. */
async function across(relays: Relays, person: Person, from: number): Promise<number[]> {
  const { accessToken, refreshToken } = await logIn(relays, from, person);
  const other = relays.pod(1 - from);
  const me = await other.call('GET', '/api/me', { token: accessToken });
  if (me.status === 200) await relays.client(1 - from, accessToken);
  const renewed = await other.call<Tokens>('POST', '/auth/refresh', { body: { refreshToken } });
  if (renewed.status !== 200) return [me.status, renewed.status];
  // And back again, with what that one has signed.
  const back = await relays
    .pod(from)
    .call('POST', '/auth/refresh', { body: { refreshToken: renewed.body.refreshToken } });
  return [me.status, renewed.status, back.status];
}

describe.each([
  ['accepting the new one', OLD, `${OLD},${NEW}`],
  ['signing with the new one', `${OLD},${NEW}`, `${NEW},${OLD}`],
  ['a week later, without the old one', `${NEW},${OLD}`, NEW],
])('%s', (_, before, after) => {
  let relays: Relays;
  afterAll(() => relays?.[Symbol.asyncDispose]());

  it('logs nobody out, whichever pod they meet', async () => {
    relays = await startRelays({ pods: 2, env: (pod) => ({ JWT_SECRET: pod === 0 ? before : after }) });
    const person = await relays.person();
    for (const from of [0, 1]) expect(await across(relays, person, from)).toEqual([200, 200, 200]);
  });
});

it('in one step, it would: pods that are not restarted yet do not know who signed', async () => {
  await using relays = await startRelays({
    pods: 2,
    env: (pod) => ({ JWT_SECRET: pod === 0 ? OLD : `${NEW},${OLD}` }),
  });
  expect(await across(relays, await relays.person(), 1)).toEqual([401, 401]);
});
