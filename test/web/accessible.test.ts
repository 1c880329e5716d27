// For everybody: axe finds nothing serious on any page in either theme, and the keyboard reaches everything.
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;

beforeAll(async () => {
  home = await startHome({ pods: 1 });
});
afterAll(() => home?.[Symbol.asyncDispose]());

async function findings({ page }: Visitor): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (Reflect.get(window, 'axe') as typeof axe).run({ rules: { 'label-content-name-mismatch': { enabled: true } } }),
  );
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

describe.each([
  ['dark', 'laptop'],
  ['light', 'laptop'],
  ['dark', 'phone'],
] as const)('axe, in the %s theme on a %s, finds nothing serious', (appearance, kind) => {
  let person: Visitor;
  beforeAll(async () => {
    person = await home.visitor({ kind, settings: { appearance } });
  });

  test('at the door', async () => {
    await person.page.goto('/');
    await person.page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await findings(person)).toEqual([]);
  });

  test('among the machines', async () => {
    await person.signIn(home.cluster.account.email);
    await person.machine('box').getByText('Online').waitFor();
    expect(await findings(person)).toEqual([]);
    await person.page.getByRole('button', { name: 'Add a machine' }).click();
    await person.page.getByRole('dialog').waitFor();
    expect(await findings(person)).toEqual([]);
    await person.page.getByRole('button', { name: 'Cancel' }).click();
  });

  test('at a terminal, with its details, its search and its sharing', async () => {
    await person.newSession('box');
    await person.type('ls --color=always /etc | head -20\n');
    expect(await findings(person)).toEqual([]);
    await person.corner.click();
    expect(await findings(person)).toEqual([]);
    await person.corner.click();
    await person.menu('This terminal', 'Find');
    expect(await findings(person)).toEqual([]);
    await person.page.getByRole('searchbox', { name: 'Find' }).press('Escape');
    await person.page.getByRole('button', { name: 'Share', exact: true }).click();
    await person.page.getByText('Nobody else has this session.').waitFor();
    expect(await findings(person)).toEqual([]);
    await person.page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  test('in the settings, and where there is nothing', async () => {
    await person.menu('Account and settings', 'Settings');
    await person.page.getByRole('heading', { name: 'Settings' }).waitFor();
    expect(await findings(person)).toEqual([]);
    await person.page.goto('/device');
    await person.page.getByRole('heading', { name: 'Approve a device' }).waitFor();
    expect(await findings(person)).toEqual([]);
  });
});

test('from the door to a shell and out of it again, by the keyboard alone', async () => {
  const person = await home.visitor();
  const { page } = person;
  await page.goto('/');
  // Where the first field has the focus already.
  await page.getByLabel('E-mail').and(page.locator(':focus')).waitFor();
  await page.keyboard.type(home.cluster.account.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type('correct horse battery staple');
  await page.keyboard.press('Enter');
  const start = person.machine('box').getByRole('button', { name: 'New session' });
  await start.waitFor();
  await until('the button has the focus', async () => {
    await page.keyboard.press('Tab');
    return start.evaluate((element) => element === document.activeElement);
  });
  await page.keyboard.press('Enter');
  await person.live();
  await person.sees(/\$$/m);
  await page.keyboard.type('echo by hand\n');
  await person.sees(/^by hand$/m);
  await page.keyboard.press('Control+Shift+L');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('role') ?? '');
  expect(await focused()).toBe('tab');
  await page.keyboard.press('Delete');
  await page.getByRole('heading', { name: 'Machines' }).waitFor();
});

test('a screen reader hears what is printed', async () => {
  const person = await home.owner({ settings: { screenReader: true } });
  await person.newSession('box');
  await person.type('echo $((30+4)) pieces\n');
  await person.pane.locator('.xterm-accessibility').getByText('34 pieces').first().waitFor();
});

test('nothing moves for those who asked for that', async () => {
  const person = await home.visitor({ reducedMotion: 'reduce', settings: { cursorBlink: true } });
  await person.signIn(home.cluster.account.email);
  await person.newSession('box');
  const moving = await person.page.evaluate(() => document.getAnimations().length);
  expect(moving).toBe(0);
});

test('a token that is shown once stays until its dialog is closed on purpose, which the keyboard can', async () => {
  const person = await home.owner();
  const { page } = person;
  await page.getByRole('button', { name: 'Add a machine' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('spare');
  await dialog.getByLabel('Name').press('Enter');
  await dialog.getByLabel('The line to paste').waitFor();
  for (let i = 0; i < 3; i++) await person.press('Escape');
  await dialog.getByText('is not shown again').waitFor();
  await dialog.getByLabel('The line to paste').waitFor();
  expect(await findings(person)).toEqual([]);
  // The focus is on the way out.
  await person.press('Enter');
  await dialog.waitFor({ state: 'detached' });
});
