// The web terminal on a phone: fingers, a keyboard that takes half the page, and a desktop that must not notice.
import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let desktop: Visitor;
let phone: Visitor;
let fingers: CDPSession;

beforeAll(async () => {
  home = await startHome();
  desktop = await home.owner();
  await desktop.newSession('box');
  phone = await home.owner({ kind: 'phone' }, await home.cluster.path([1]));
  fingers = await phone.window.context.newCDPSession(phone.page);
});
afterAll(() => home?.[Symbol.asyncDispose]());

type Point = { x: number; y: number };
const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: Point[]) =>
  fingers.send('Input.dispatchTouchEvent', { type, touchPoints });

/** Not waiting between: a finger that rests is a long press. */
const drag = async ({ x, y }: Point, by: number) => {
  const sent = [touch('touchStart', { x, y })];
  for (let step = 1; step <= 15; step++) sent.push(touch('touchMove', { x, y: y + (by * step) / 15 }));
  await Promise.all([...sent, touch('touchEnd')]);
};

const key = (name: string) => phone.page.getByRole('toolbar', { name: 'Keys' }).getByRole('button', { name });

const fontSize = () =>
  phone.pane.locator('.xterm-rows').evaluate((rows) => Number.parseFloat(getComputedStyle(rows).fontSize));

test('shows the machines, and the session the desktop is at, which does not shrink', async () => {
  const before = await desktop.size();
  await desktop.type('clear; seq 900 1000 | column\n');
  await phone.machine('box').getByText('1 attached').waitFor();
  await phone.machine('box').getByText('bash').first().click();
  await phone.live();
  await phone.sees('950');
  expect(await desktop.size()).toBe(before);
  const overhang = await phone.pane.locator('.screen').evaluate((element) => {
    const inner = element.querySelector('.xterm-screen')?.getBoundingClientRect();
    return inner ? inner.right - element.getBoundingClientRect().right : Number.NaN;
  });
  expect(overhang).toBeLessThanOrEqual(0);
});

test('two fingers look closer at a session that is larger than the phone, and one moves over it', async () => {
  const place = phone.pane.locator('.screen');
  const before = await fontSize();
  await touch('touchStart', { x: 150, y: 300 }, { x: 200, y: 300 });
  await touch('touchMove', { x: 100, y: 300 }, { x: 250, y: 300 });
  await touch('touchEnd');
  await until('the letters are larger', async () => (await fontSize()) > before * 2);
  const sent = [touch('touchStart', { x: 300, y: 300 })];
  for (let x = 280; x >= 100; x -= 20) sent.push(touch('touchMove', { x, y: 300 }));
  await Promise.all([...sent, touch('touchEnd')]);
  expect(await place.evaluate((element) => element.scrollLeft)).toBeGreaterThan(100);
});

test('typing from the phone gives it the say, by the usual policy; the key row types what phones lack', async () => {
  await phone.type('clear; cat\n');
  await until('the session has the size of the phone', async () => !(await phone.size()).includes('here'));
  await phone.type('some text');
  await key('Control').click();
  expect(await key('Control').getAttribute('aria-pressed')).toBe('true');
  await phone.page.keyboard.type('u');
  await phone.page.keyboard.type('other text\n');
  await phone.sees(/^other text\nother text$/m);
  expect(await key('Control').getAttribute('aria-pressed')).toBe('false');
  await key('^C').click();
  await phone.sees(/\^C\n~\$$/m);
  await phone.type('echo from the ro');
  await key('Tab').click();
  await key('Left').click();
  await key('Left').click();
  await phone.page.keyboard.type('>');
  await phone.sees('from the >ro');
  await key('^C').click();
});

test('two fingers size the font', async () => {
  const before = await fontSize();
  await touch('touchStart', { x: 150, y: 300 }, { x: 200, y: 300 });
  await touch('touchMove', { x: 120, y: 300 }, { x: 220, y: 300 });
  await touch('touchEnd');
  await until('the letters are larger', async () => (await fontSize()) > before * 1.4);
  await touch('touchStart', { x: 100, y: 300 }, { x: 250, y: 300 });
  await touch('touchMove', { x: 140, y: 300 }, { x: 215, y: 300 });
  await touch('touchEnd');
  await until('the letters are as before', async () => Math.abs((await fontSize()) - before) <= 1);
});

test('one finger scrolls through what was printed, and the page itself stays', async () => {
  await phone.type('clear; seq 1 500\n');
  await phone.sees(/^500$/m);
  await drag({ x: 180, y: 250 }, 300);
  await until('earlier lines are seen', async () => !/^500$/m.test(await phone.screen()));
  expect(await phone.page.evaluate(() => document.scrollingElement?.scrollTop)).toBe(0);
  await phone.type('echo back\n');
  await phone.sees(/^back$/m);
});

test('a long press shows the text, to select and copy', async () => {
  await touch('touchStart', { x: 180, y: 300 });
  const text = phone.page.getByLabel('Text of the terminal');
  await text.waitFor();
  await touch('touchEnd');
  expect(await text.inputValue()).toMatch(/499\n500\n~\$ echo back\nback/);
  await phone.page.getByRole('button', { name: 'Copy all' }).click();
  await phone.page.getByRole('button', { name: 'Done' }).click();
  expect(await phone.page.evaluate(() => navigator.clipboard.readText())).toContain('\nback\n');
});

test('a tap on an address shows it before it opens; a tap is a click where a program wants clicks', async () => {
  await phone.type('clear; echo see https://example.org/tapped for more\n');
  await phone.sees(/^see https.*\n(.*\n)?~\$$/m);
  const row = await phone.pane.locator('.xterm-rows > div', { hasText: /^see.https/ }).boundingBox();
  if (!row) throw new Error('the row is not painted');
  await phone.page.touchscreen.tap(row.x + 90, row.y + row.height / 2);
  await phone.page.getByRole('dialog').getByText('https://example.org/tapped').waitFor();
  await phone.page.getByRole('button', { name: 'Cancel' }).click();

  await phone.type("clear; printf '\\033[?1000h\\033[?1006hready\\n'; cat -v\n");
  await phone.sees(/^ready$/m);
  await phone.page.touchscreen.tap(row.x + 90, row.y + 5 * row.height);
  await phone.sees(/\^\[\[<0;\d+;\d+M\^\[\[<0;\d+;\d+m/);
  await phone.press('Control+C');
  await phone.type("printf '\\033[?1000l\\033[?1006l'\n");
});

test('with the keyboard open the last line is still seen', async () => {
  const { width } = phone.page.viewportSize() ?? { width: 390 };
  await phone.type('clear; seq 1 100\n');
  await phone.page.setViewportSize({ width, height: 440 });
  await phone.sees(/^100\n~\$$/m);
  const bottom = await until('the keys are at the edge of what is seen', async () => {
    const box = await phone.page.getByRole('toolbar', { name: 'Keys' }).boundingBox();
    return box && Math.abs(box.y + box.height - 440) < 2 && box.y;
  });
  await until('the prompt is above them', async () => {
    const prompt = await phone.pane.locator('.xterm-rows > div', { hasText: '~$' }).last().boundingBox();
    return prompt && prompt.y + prompt.height <= bottom;
  });
  await phone.page.setViewportSize({ width, height: 800 });
});

test('a device that offers no size never resizes anybody', async () => {
  await desktop.type('clear\n');
  await until('the session is as large as the desktop again', async () => !(await desktop.size()).includes('here'));
  const before = await desktop.size();
  await phone.corner.click();
  await phone.page.getByRole('checkbox', { name: "Ask for this window's size" }).uncheck();
  await phone.corner.click();
  await phone.page.reload();
  await phone.live();
  await phone.type('echo hi from the phone\n');
  await desktop.sees(/^hi from the phone$/m);
  expect(await desktop.size()).toBe(before);
  await phone.corner.click();
  await phone.page.getByRole('checkbox', { name: "Ask for this window's size" }).check();
  await phone.corner.click();
  await until('offered again, it counts again', async () => (await desktop.size()) !== before);
  expect([...desktop.window.complaints, ...phone.window.complaints]).toEqual([]);
});
