// What keeps people from harm and makes the terminal theirs: pasting, clipboards, links, search, settings, tabs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import { PASSWORD, type Visitor } from './kit/visitor.ts';

let home: Home;
let person: Visitor;

beforeAll(async () => {
  home = await startHome({ pods: 1 });
  person = await home.owner();
  await person.newSession('box');
});
afterAll(() => home?.[Symbol.asyncDispose]());

const dialog = () => person.page.getByRole('dialog');
const clipboard = () => person.page.evaluate(() => navigator.clipboard.readText());
const button = (name: string) => person.page.getByRole('button', { name, exact: true });

test('several lines are shown before they are pasted into a shell', async () => {
  await person.paste('echo first\necho second');
  await dialog().getByText('Paste 2 lines?').waitFor();
  expect(await dialog().getByLabel('Text to paste').inputValue()).toBe('echo first\necho second');
  await button('Cancel').click();
  await person.type('echo nothing came\n');
  expect(await person.sees(/^nothing came$/m)).not.toContain('first');

  await person.paste('echo first\necho second');
  await dialog().getByRole('button', { name: 'Paste', exact: true }).click();
  await person.sees('echo second');
  await person.press('Enter');
  await person.sees(/^first$[\s\S]*^second$/m);
});

test('one line is pasted at once; nothing in it can end the paste or press Enter', async () => {
  await person.type('clear\n');
  await person.paste('echo one\u001b[201~ line\u0007');
  await person.sees('echo one[201~ line');
  await person.press('Control+C');
});

test('several lines go into an editor without a question', async () => {
  await person.type('clear; vim -c "set paste" poem.txt\n');
  await person.sees('"poem.txt" [New]');
  await person.type('i');
  await person.paste('one line\nand another');
  await person.sees(/^one line\nand another$/m);
  expect(await dialog().count()).toBe(0);
  await person.press('Escape');
  await person.type(':q!\n');
  await person.sees(/^~\$/m);
});

test('a program puts text on the clipboard after a yes, and never reads it', async () => {
  await person.page.evaluate(() => navigator.clipboard.writeText('a secret'));
  const size = await person.size();
  const base64 = Buffer.from('from the program').toString('base64');
  await person.type(`printf '\\033]52;c;${base64}\\007'\n`);
  await person.page.getByText('wants to put 16 characters on your clipboard').waitFor();
  expect(await clipboard()).toBe('a secret');
  expect(await person.size()).toBe(size);
  await button('Copy').click();
  // Typing goes on where it was.
  await person.pane.locator('.xterm-helper-textarea:focus').waitFor();
  await until('it is on the clipboard', async () => (await clipboard()) === 'from the program');

  await person.type(`clear; printf '\\033]52;c;?\\007'; read -t 1 -d x answer; printf '%q\\n' "got $answer"\n`);
  const screen = await person.sees(/got .*52;c;/);
  expect(screen).not.toContain(base64);
});

test('what is typed at a shell is found again, and counted', async () => {
  await person.type('clear; for i in $(seq 2000); do echo needle-$((i % 500)); done\n');
  await person.sees(/^needle-0$/m);
  await person.press('Control+Shift+F');
  const field = person.page.getByRole('searchbox', { name: 'Find' });
  await field.fill('needle-77\n');
  await field.press('Enter');
  await person.page.locator('.search-count', { hasText: /of 4/ }).waitFor();
  await person.sees(/^needle-77$/m);
  await field.press('Escape');
});

test('ten thousand lines stay above the screen, also when it is painted anew', async () => {
  const seen = async (text: string) => {
    await person.menu('This terminal', 'Find');
    const field = person.page.getByRole('searchbox', { name: 'Find' });
    await field.fill(text);
    await field.press('Enter');
    await person.sees(new RegExp(`^${text}$`, 'm'));
    await field.press('Escape');
    await person.press('End');
  };
  await person.type("clear; seq -f 'row-%.0f-' 10040\n");
  await person.sees(/^row-10040-$/m, 30_000);
  await seen('row-77-');
  await person.corner.click();
  await button('Paint anew').click();
  await person.corner.click();
  await person.live();
  await person.sees(/^row-10040-\n~\$/m);
  await seen('row-77-');
  await seen('row-5000-');
  const rows = (await person.text()).split('\n').filter((line) => /^row-\d+-$/.test(line));
  expect(rows).toEqual(Array.from({ length: rows.length }, (_, i) => `row-${10_041 - rows.length + i}-`));
  expect(rows.length).toBeGreaterThan(1_900);
});

test('links in the text open; those whose address is not seen are shown first', async () => {
  const hover = async (text: RegExp) => {
    const box = await person.pane.locator('.xterm-rows > div', { hasText: text }).boundingBox();
    if (!box) throw new Error(`${text} is not painted`);
    const at = { x: box.x + 25, y: box.y + box.height / 2 };
    // From another row: the emulator asks for links when the pointer comes to one.
    await person.page.mouse.move(at.x, at.y + 5 * box.height);
    await person.page.mouse.move(at.x, at.y);
    await person.pane.locator('.xterm-screen.xterm-cursor-pointer').waitFor();
    return at;
  };
  const shown = new URL('/shown', home.path.url).href;
  // One letter of it is Cyrillic.
  const hidden = "printf '\\033]8;;https://\\320\\265xample.org/hidden\\033\\\\click here\\033]8;;\\033\\\\\\n'";
  await person.type(`clear; echo ${shown}; ${hidden}\n`);
  await person.sees(/^http.*\nclick here\n~\$$/m);

  const seen = await hover(/^http/);
  const opened = person.window.context.waitForEvent('page');
  await person.page.mouse.click(seen.x, seen.y);
  const other = await opened;
  await until('it is opened', () => other.url() === shown);
  await other.close();

  // Once: a click beside a dialog closes it.
  const covered = await hover(/^click.here/);
  await person.page.mouse.click(covered.x, covered.y);
  await dialog().getByText(new URL('https://\u0435xample.org/hidden').href).waitFor();
  expect(await dialog().innerText()).toContain('https://xn--');
  await button('Cancel').click();
  await dialog().waitFor({ state: 'detached' });
});

test('erasing up to the last cell, and a character in two parts, leave the terminal whole', async () => {
  // What xterm.js 6.0.0 by itself would not survive: on the alternate screen no line follows the last one.
  const parts = "printf '\\033[?1049h\\033[999;999Hx\\033[1J\\033[H\\342\\200'; sleep 0.2; printf '\\223 dash'";
  await person.type(`clear; ${parts}; read -s; printf '\\033[?1049l'; echo and back\n`);
  await person.sees(/^– dash$/m);
  await person.press('Enter');
  await person.sees(/^and back$/m);
});

test('an underscore is seen, which many fonts draw below the cell', async () => {
  await person.type('clear; echo; echo __________; echo\n');
  await person.sees(/^_{10}\n\n~\$$/m);
  const look = async (row: number) => {
    const box = await person.pane.locator('.xterm-rows > div').nth(row).boundingBox();
    if (!box) throw new Error('the row is not painted');
    return person.page.screenshot({ clip: { ...box, height: box.height + 1 }, animations: 'disabled' });
  };
  const [empty, line] = [await look(0), await look(1)];
  expect(line.equals(empty)).toBe(false);
});

test('settings change what is open, and are kept', async () => {
  const background = () => person.pane.locator('.screen').evaluate((place) => getComputedStyle(place).backgroundColor);
  await person.menu('Account and settings', 'Settings');
  await person.page.getByLabel('Terminal colours').selectOption('Dracula');
  await person.page.getByLabel('Font size').fill('18');
  await person.page.getByLabel('Font size').press('Enter');
  await person.page.getByRole('tab').click();
  const dracula = 'rgb(40, 42, 54)';
  await until('the colours are others', async () => (await background()) === dracula);
  await person.page.reload();
  await person.live();
  expect(await background()).toBe(dracula);
  const kept = await person.page.evaluate(() => localStorage.getItem('hermit.settings') ?? '');
  expect(JSON.parse(kept)).toMatchObject({ scheme: 'dracula', fontSize: 18, renderer: 'dom' });
});

test('tabs keep their sessions, are stepped through by keys, and say who rang', async () => {
  await person.type('clear; echo first tab\n');
  await person.page.getByRole('link', { name: 'your machines' }).click();
  await person.newSession('box');
  await person.type('echo second tab; echo -ne "\\033]0;busy\\007"\n');
  await person.page.getByRole('tab', { name: 'busy' }).waitFor();
  await person.type('while [ ! -e ~/ring ]; do sleep 0.05; done; printf "\\a"\n');
  await person.press('Control+Shift+PageUp');
  await person.sees(/^first tab$/m);
  writeFileSync(join(home.directory, 'ring'), '');
  await person.page.getByRole('tab', { name: /new.*busy/ }).waitFor();
  await person.press('Control+Shift+PageDown');
  await person.sees(/^second tab$/m);
  await person.page.getByRole('tab', { name: /new.*busy/ }).waitFor({ state: 'detached' });
});

test('after a reload the tabs are called as before, also those that were not looked at since', async () => {
  await person.page.reload();
  await person.sees(/^second tab$/m);
  await person.page.getByRole('tab', { name: 'busy' }).waitFor();
  expect(await person.page.getByRole('tab', { name: /^session/ }).count()).toBe(0);
});

test('a tab that was closed stays closed when one goes back, and its session runs on', async () => {
  const address = person.page.url();
  const count = await person.page.getByRole('tab').count();
  await person.menu('This terminal', 'Close the tab');
  await person.sees(/^first tab$/m);
  await person.page.goBack();
  await until('another page is shown', async () => person.page.url() !== address);
  expect(await person.page.getByRole('tab').count()).toBe(count - 1);
  await person.page.goto(address);
  await person.sees(/^second tab$/m);
});

test('ending a session from the list asks first', async () => {
  await person.page.getByRole('link', { name: 'your machines' }).click();
  await person.newSession('box');
  await person.page.getByRole('link', { name: 'your machines' }).click();
  const rows = person.machine('box').locator('.session');
  // Two tabs' and the new one: the list may be a moment behind.
  await rows.nth(2).waitFor();
  const before = await rows.count();
  const end = async () => {
    await rows.last().getByRole('button', { name: 'More about' }).click();
    await person.page.getByRole('menuitem', { name: 'End the session' }).click();
  };
  await end();
  await button('Cancel').click();
  await dialog().waitFor({ state: 'detached' });
  expect(await person.machine('box').locator('.session:not(.ended)').count()).toBe(before);
  await end();
  await dialog().getByRole('button', { name: 'End the session' }).click();
  await until(
    'it has ended',
    async () => (await person.machine('box').locator('.session:not(.ended)').count()) < before,
  );
  await person.page.goBack();
  await button('Close the tab').click();
  await person.page.getByRole('tab', { name: 'busy' }).click();
  await person.sees(/^second tab$/m);
});

test('the settings say where one is signed in, end a login, and change the password', async () => {
  const address = person.page.url();
  const other = await home.owner();
  await person.menu('Account and settings', 'Settings');
  const logins = person.page.getByRole('list', { name: 'Where you are signed in' });
  await logins.getByText('this one').waitFor();
  await logins.getByRole('button', { name: /^Sign out Chrome/ }).click();
  await other.page.getByText('Your sign-in has ended.').waitFor();
  await person.page.getByText('Change the password').first().click();
  await person.page.getByLabel('Present password').fill('not this one');
  await person.page.getByLabel('New password').fill(PASSWORD);
  await button('Change the password').click();
  await person.page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
  await person.page.getByLabel('Present password').fill(PASSWORD);
  await button('Change the password').click();
  await person.page.getByText('The password is changed').waitFor();
  await person.page.goto(address);
  await person.sees(/^second tab$/m);
});

test('at an address that is none, people are told so', async () => {
  const address = person.page.url();
  for (const path of ['/no/such/page', '/m/no-machine/s/no-session']) {
    await person.page.goto(path);
    await person.page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  }
  await person.page.goto(address);
  await person.sees(/^second tab$/m);
});

test('a program that ends says how', async () => {
  await person.type('exit 3\n');
  await person.page.getByText('The program has ended with exit code 3.').waitFor();
  await button('Close the tab').click();
  await person.sees(/^first tab$/m);
});

test('the GPU draws where it is asked to, and the page takes over when it is lost', async () => {
  await person.menu('Account and settings', 'Settings');
  await person.page.getByRole('group', { name: 'Drawn by' }).getByText('The GPU').click();
  await person.page.getByRole('tab').click();
  await person.corner.click();
  const details = person.page.getByRole('region', { name: 'Connection and size' });
  await details.getByText('the GPU').waitFor();
  await person.corner.click();
  await person.page.evaluate(() => {
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>('.xterm-screen canvas')) {
      canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
    }
  });
  await person.sees(/^first tab$/m);
  expect(person.window.complaints).toEqual([]);
});
