// The first user of an empty database is its administrator: exactly one, whoever comes at once, and by whatever way.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createDataDirectory } from '../../../../test/services/data-directory.ts';
import { createDatabase } from '../../../../test/services/databases.ts';
import { createTokenKeys } from '../auth/token-keys.ts';
import { createTokens } from '../auth/tokens.ts';
import { createAccounts, type Registration } from './accounts.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { createPasswords } from './passwords.ts';

const passwords = createPasswords({ cost: { memoryCost: 1024, timeCost: 2, parallelism: 1 } });
const tokens = createTokens(createTokenKeys(['a-secret-of-more-than-32-characters']));
const address = () => `${randomUUID()}@example.org`;

async function empty(embedded: boolean) {
  const stack = new AsyncDisposableStack();
  const dataDir = embedded ? stack.use(await createDataDirectory()).path : '';
  const url = embedded ? undefined : stack.use(await createDatabase()).url;
  // A pool of its own for each pod.
  const pod = async (registration: Registration) => {
    const database = await openDatabase({ database: { url, ca: undefined, pool: 5 }, dataDir });
    stack.defer(() => database.close());
    await migrate(database.sql);
    return { sql: database.sql, accounts: createAccounts({ sql: database.sql, tokens, passwords, registration }) };
  };
  return { pod, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

it.each(['open', 'invite'] as const)('two pods at once, registration %s', async (registration) => {
  await using world = await empty(false);
  const pods = [await world.pod(registration), await world.pod(registration)];
  const tries = Array.from({ length: 8 }, (_, i) => {
    const { accounts } = pods[i % 2]!;
    if (i % 4 !== 3) return accounts.register({ email: address(), password: 'correct horse' });
    const claims = { issuer: 'https://id.example.org', subject: randomUUID(), email: address(), emailVerified: true };
    return accounts.userByIdentity(claims).then(({ user }) => user);
  });
  const users = (await Promise.allSettled(tries)).flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  expect(users.filter(({ administrator }) => administrator)).toHaveLength(1);
  expect(users).toHaveLength(registration === 'open' ? 8 : 1);
  const stored = await pods[0]!.sql`select administrator from users order by administrator desc`;
  expect(stored.map(({ administrator }) => administrator)).toEqual(users.map((_, i) => i === 0));
});

it.each(['open', 'invite', 'closed'] as const)('is not one of a test, registration %s', async (registration) => {
  await using world = await empty(false);
  const { accounts } = await world.pod(registration);
  const test = await accounts.createTestUser();
  expect(test.administrator).toBe(false);
  await expect(accounts.openLogin(test)).resolves.toMatchObject({ accessToken: expect.any(String) });
  const { accounts: later } = await world.pod(registration === 'closed' ? 'invite' : registration);
  const person = await later.register({ email: address(), password: 'correct horse' });
  expect(person.administrator).toBe(true);
  expect(await accounts.createTestUser()).toMatchObject({ administrator: false });
});

it('closed means closed, also for the first', async () => {
  await using world = await empty(false);
  const { accounts } = await world.pod('closed');
  const registering = accounts.register({ email: address(), password: 'correct horse' });
  await expect(registering).rejects.toMatchObject({ code: 'REGISTRATION_CLOSED' });
});

it('at once in the embedded Postgres', async () => {
  await using world = await empty(true);
  const { accounts } = await world.pod('open');
  const users = await Promise.all(
    Array.from({ length: 6 }, () => accounts.register({ email: address(), password: 'correct horse' })),
  );
  expect(users.filter(({ administrator }) => administrator)).toHaveLength(1);
});
