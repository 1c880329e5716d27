// The web terminal at a laptop: from no account to an edited file, and back after a reload.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let person: Visitor;

beforeAll(async () => {
  home = await startHome({ agent: false });
  person = await home.visitor();
});
afterAll(() => home[Symbol.asyncDispose]());

describe('a person without an account', () => {
  test('signs up, adds a machine by pasting the printed line in a shell, and sees it come online', async () => {
    const { page } = person;
    await person.signUp('somebody@example.org');
    await page.getByRole('button', { name: 'Add your first machine' }).click();
    await page.getByLabel('Name').fill("attic's server");
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const line = await page.getByLabel('The line to paste').inputValue();
    await page.getByText('Waiting for').waitFor();

    const shell = spawn('sh', ['-c', line.trim()], { env: home.environment, stdio: 'ignore' });
    home.cluster.stack.defer(() => void shell.kill('SIGKILL'));
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
});

test('nothing in the page went wrong, and nobody else was asked for anything', () => {
  expect(person.window.complaints).toEqual([]);
  expect([...person.window.hosts]).toEqual([new URL(home.path.url).host]);
});
