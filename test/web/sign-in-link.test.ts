// The link that npm start prints: signs in once, and opens on a live shell.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../integration/kit/cluster.ts';
import { type Home, startHome } from './kit/home.ts';

let home: Home;
let path: string;

beforeAll(async () => {
  home = await startHome({ pods: 1 });
  const { body } = await home.cluster.call<{ code: string }>('POST', '/api/sign-in-links', { password: PASSWORD });
  path = `/link?machine=${home.cluster.machine.id}#${body.code}`;
});
afterAll(() => home?.[Symbol.asyncDispose]());

test('signs in and opens a live shell, and its code is not left in the history', async () => {
  const person = await home.visitor();
  await person.page.goto(path);
  await person.live();
  await person.sees(/\$$/m);
  await person.type('echo hello $((40+2))\n');
  await person.sees('hello 42');
  expect(person.page.url()).toMatch(/\/m\/[0-9a-f-]{36}\/s\/[0-9a-f-]{36}$/);
  await person.page.reload();
  await person.sees('hello 42');
  expect(person.window.complaints).toEqual([]);
});

test('works once', async () => {
  const other = await home.visitor();
  await other.page.goto(path);
  await other.page.getByText('This link does not work').waitFor();
});
