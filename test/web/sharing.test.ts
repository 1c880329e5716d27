// Two browsers at one session: one drives, one watches, until it is taken back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let driver: Visitor;
let viewer: Visitor;
let link: string;

beforeAll(async () => {
  home = await startHome();
  driver = await home.owner();
  await driver.newSession('box');
  // Through the other pod.
  viewer = await home.visitor({}, await home.cluster.path([1]));
});
afterAll(() => home?.[Symbol.asyncDispose]());

const share = (visitor: Visitor) => visitor.page.getByRole('button', { name: 'Share', exact: true }).first().click();

test('the owner shares the session by a link, to watch', async () => {
  const { page } = driver;
  await share(driver);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Share' }).click();
  link = await dialog.getByLabel('Address to hand on').inputValue();
  await dialog.getByRole('list', { name: 'Who has it' }).getByText('Whoever has the link').waitFor();
  await driver.closeDialog();
  expect(new URL(link).hash.length).toBeGreaterThan(20);
});

test('somebody else opens it, and sees what the owner types', async () => {
  await viewer.signUp('watcher@example.org');
  const { hash } = new URL(link);
  await viewer.page.goto(`/join${hash}`);
  await viewer.page.getByText('Open it as watcher@example.org?').waitFor();
  await viewer.page.getByRole('button', { name: 'Open it' }).click();
  await viewer.live();
  await driver.type('echo shared $((20+3))\n');
  await viewer.sees('shared 23');
  await viewer.corner.getByText('watching').waitFor();
});

test('the watcher cannot type, is told so, and resizes nothing', async () => {
  const size = await driver.size();
  // One key says so, not only what is typed fast.
  await viewer.type('x');
  await viewer.page.getByText('you are watching, and cannot type').waitFor();
  await viewer.type('echo intruder\n');
  await viewer.page.setViewportSize({ width: 700, height: 420 });
  await driver.type('echo still $((1+1)) here\n');
  const screen = await viewer.sees('still 2 here');
  expect(screen).not.toContain('intruder');
  expect(await driver.size()).toBe(size);
  await viewer.corner.click();
  const details = viewer.page.getByRole('region', { name: 'Connection and size' });
  await details.getByRole('listitem').filter({ hasText: 'watcher@example.org' }).getByText('here').waitFor();
  await details.locator('dt:has-text("Driver") + dd').getByText(home.cluster.account.email).waitFor();
  // Who comes and goes meanwhile is seen.
  const [machineId = '', sessionId = ''] = new URL(driver.page.url()).pathname.match(/[\da-f-]{36}/g) ?? [];
  const here = details.getByRole('listitem');
  const before = await here.count();
  const another = home.cluster.person(home.path.url).look(machineId, sessionId, { readOnly: true });
  await until('the guest sees them come', async () => (await here.count()) === before + 1);
  another.attachment.detach();
  await until('and go', async () => (await here.count()) === before);
  await viewer.corner.click();
});

test('the whole of the larger screen is shown in the smaller window', async () => {
  const place = viewer.pane.locator('.screen.foreign-size');
  await place.waitFor();
  const overhang = await place.evaluate((element) => {
    const outer = element.getBoundingClientRect();
    const inner = element.querySelector('.xterm-screen')?.getBoundingClientRect();
    return inner && { right: inner.right - outer.right, bottom: inner.bottom - outer.bottom, left: inner.left };
  });
  expect(overhang?.left).toBeGreaterThanOrEqual(0);
  expect(overhang?.right).toBeLessThanOrEqual(0);
  expect(overhang?.bottom).toBeLessThanOrEqual(0);
});

test('what is shared is listed on the page of whoever has it', async () => {
  await viewer.page.getByRole('link', { name: 'your machines' }).click();
  await viewer.page.getByText(`box of ${home.cluster.account.email}`).waitFor();
  await viewer.page.goBack();
  await viewer.live();
});

test('withdrawn, it ends on the open page within a second or two, with a reason', async () => {
  await share(driver);
  const dialog = driver.page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Withdraw from whoever has the link' }).click();
  await dialog.getByText('Nobody else has this session.').waitFor();
  await viewer.pane.locator('.strip').waitFor({ timeout: 5_000 });
  // A guest starts no session on somebody else's machine.
  expect(await viewer.pane.locator('.strip').getByRole('button').allInnerTexts()).not.toContain('New session');
  await driver.closeDialog();
  // Typing goes on where it was: the button that opened the dialog would take a space for a press.
  await driver.pane.locator('.xterm-helper-textarea:focus').waitFor({ state: 'attached' });
  await driver.type('echo secret $((6*7))\n');
  await driver.sees('secret 42');
  expect(await viewer.screen()).not.toContain('secret');
});

test('shared with a person to type, both drive; whose size counts is theirs to choose', async () => {
  const other = await home.visitor({}, await home.cluster.path([1]));
  await other.signIn('watcher@example.org');
  await other.page.getByText('No machine yet').waitFor();
  expect(await other.page.getByText('Shared with you').count()).toBe(0);
  await share(driver);
  const dialog = driver.page.getByRole('dialog');
  await dialog.getByLabel('With whom').fill('watcher@example.org');
  await dialog.getByLabel('They may').selectOption('driver');
  await dialog.getByRole('button', { name: 'Share' }).click();
  await dialog.getByText('watches and types').waitFor();
  await driver.closeDialog();
  // It is there without anybody having asked.
  await other.page.getByText('you may watch and type').waitFor({ timeout: 5_000 });
  await viewer.pane.getByRole('button', { name: 'Try again' }).click();
  await viewer.live();
  const size = await driver.size();
  await viewer.type('echo from the $((1+1))nd\n');
  await driver.sees('from the 2nd');
  await until('who typed last has the say', async () => (await driver.size()) !== size);
  await driver.corner.click();
  await driver.page.getByRole('radio', { name: 'Whoever drives' }).check();
  await driver.page.getByRole('button', { name: 'Take over' }).click();
  await driver.page.getByText('you', { exact: true }).waitFor();
  await driver.corner.click();
  await until('the driver has the say', async () => (await driver.size()) === size);
  expect([...driver.window.complaints, ...viewer.window.complaints]).toEqual([]);
});
