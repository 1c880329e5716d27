// The web terminal at a laptop: from no account to an edited file, and back after a reload; and by the link of npm start.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD } from '../integration/kit/cluster.ts';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let person: Visitor;
/** In which the machine's agent was started. */
let shell: ChildProcess;
const endShell = () => {
  try {
    if (shell.pid) process.kill(-shell.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
};

beforeAll(async () => {
  home = await startHome({ agent: false });
  person = await home.visitor();
});
afterAll(() => home?.[Symbol.asyncDispose]());

describe('a person without an account', () => {
  test('signs up, adds a machine by pasting the printed line in a shell, and sees it come online', async () => {
    const { page } = person;
    await person.signUp('somebody@example.org');
    await page.getByRole('button', { name: 'Add your first machine' }).click();
    await page.getByLabel('Name').fill("attic's server");
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const line = await page.getByLabel('The line to paste').inputValue();
    await page.getByText('Waiting for').waitFor();

    // A group of its own: the shell and the agent that it started end together.
    shell = spawn('sh', ['-c', line.trim()], { env: home.environment, stdio: 'ignore', detached: true });
    home.cluster.stack.defer(endShell);
    await page.getByText("attic's server is online.").waitFor();
    await page.getByRole('button', { name: 'Open a terminal' }).click();
    await person.live();
    await person.sees('~$');
  });

  test('edits a file in vim and saves it', async () => {
    await person.type('vim note.txt\n');
    await person.sees('"note.txt" [New]');
    await person.type('iThe hermit crab moves house.');
    await person.press('Escape');
    await person.type(':w\n');
    await person.sees('written');
    const written = () => readFileSync(join(home.directory, 'note.txt'), 'utf8');
    await until('the file is there', () => written() === 'The hermit crab moves house.\n');
  });

  test('reloads the page, and has the same screen again', async () => {
    const before = await person.sees('The hermit crab moves house.');
    await person.page.reload();
    await person.live();
    await until('the same screen is painted', async () => (await person.screen()) === before);
    await person.type('oAnd takes its shell along.');
    await person.sees('And takes its shell along.');
    await person.press('Escape');
    await person.type(':wq\n');
    await person.sees(/^~\$ ?$/m);
  });

  test('starts a program by its command, and finds it among the sessions of the machine', async () => {
    const { page } = person;
    await page.getByRole('link', { name: 'your machines' }).click();
    await person.menu("More about attic's server", 'New session with…');
    await page.getByRole('textbox', { name: 'Name' }).fill('the clock');
    await page.getByRole('textbox', { name: 'Command' }).fill('echo started by name; exec cat');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await person.live();
    await person.sees(/^started by name$/m);
    await page.getByRole('link', { name: 'your machines' }).click();
    await person.machine("attic's server").getByText('the clock').waitFor();
    await person.machine("attic's server").getByText('1 attached').first().waitFor();
  });

  test('renames the machine, sees it lose its connection, and removes it', async () => {
    const { page } = person;
    await person.menu("More about attic's server", 'Rename');
    await page.getByRole('textbox', { name: 'Name' }).fill('cellar');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await person.machine('cellar').getByText('Online').waitFor();
    endShell();
    await person.machine('cellar').getByText('Reconnecting').waitFor();
    await person.menu('More about cellar', 'Remove');
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No machine yet').waitFor();
  });

  test('approves a device by its code, having seen what it asks for', async () => {
    const { page } = person;
    const { cluster } = home;
    type Begun = { code: string; secret: string };
    const begun = await cluster.call<Begun>('POST', '/auth/device', { machineName: 'shed' }, null);
    await person.menu('Account and settings', 'Approve a device');
    await page.getByLabel('Code on the device').fill(begun.body.code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('A computer at 127.0.0.1 asks to be your machine shed.').waitFor();
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('The device is let in').waitFor();
    const outcome = await cluster.call('POST', '/auth/device/outcome', { secret: begun.body.secret }, null);
    expect(outcome.body).toMatchObject({ status: 'machine', machine: { name: 'shed' } });
    await page.getByRole('button', { name: 'To your machines' }).click();
    await person.machine('shed').getByText('Never seen').waitFor();
  });

  test('approves one that signs in, with the password', async () => {
    const { page } = person;
    type Begun = { code: string; secret: string };
    const begun = await home.cluster.call<Begun>('POST', '/auth/device', {}, null);
    await page.goto(`/device?code=${begun.body.code}`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Your password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('The device is let in').waitFor();
    const outcome = await home.cluster.call('POST', '/auth/device/outcome', { secret: begun.body.secret }, null);
    expect(outcome.body).toMatchObject({ status: 'login' });
  });

  test('refuses one that is not known', async () => {
    const { page } = person;
    const { cluster } = home;
    type Begun = { code: string; secret: string };
    const begun = await cluster.call<Begun>('POST', '/auth/device', {}, null);
    await page.goto(`/device?code=${begun.body.code}`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('asks to sign in').waitFor();
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByText('The device is refused').waitFor();
    const outcome = await cluster.call('POST', '/auth/device/outcome', { secret: begun.body.secret }, null);
    expect(outcome.body).toEqual({ status: 'denied' });
  });
});

test('nothing in the page went wrong, and nobody else was asked for anything', () => {
  expect(person.window.complaints).toEqual([]);
  expect([...person.window.hosts]).toEqual([new URL(home.path.url).host]);
});

describe('the link that npm start prints', () => {
  let path: string;
  beforeAll(async () => {
    const { cluster, environment } = home;
    await cluster.startAgent((await cluster.path([1])).url, cluster.machine, environment);
    const { body } = await cluster.call<{ code: string }>('POST', '/api/sign-in-links', { password: PASSWORD });
    path = `/link?machine=${cluster.machine.id}#${body.code}`;
  });

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

  test('makes nobody somebody else who is signed in, unless they say so', async () => {
    const { cluster } = home;
    const linkTo = async (machineId: string) => {
      const { body } = await cluster.call<{ code: string }>('POST', '/api/sign-in-links', { password: PASSWORD });
      return `/link?machine=${machineId}#${body.code}`;
    };
    const person = await home.visitor();
    await person.signUp('signed-in@example.org');
    const path = await linkTo(cluster.machine.id);
    await person.page.goto(path);
    await person.page.getByText('You are signed in as signed-in@example.org').waitFor();
    await person.page.getByRole('button', { name: 'Stay as I am' }).click();
    await person.page.getByText('No machine yet').waitFor();
    await person.page.goto(path);
    await person.page.getByRole('button', { name: 'Sign in by the link' }).click();
    await person.live();
    // It is a machine of theirs now: another link is one click to it.
    await person.page.goto(await linkTo(cluster.machine.id));
    await person.live();
  });

  test('works once', async () => {
    const other = await home.visitor();
    await other.page.goto(path);
    await other.page.getByText('This link does not work').waitFor();
  });
});
