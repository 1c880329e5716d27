// What the person sees of a connection in trouble: a corner that says so, and after it every byte, once, in order.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '@hermit/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let person: Visitor;

beforeAll(async () => {
  home = await startHome();
  person = await home.owner();
  await person.newSession('box');
});
afterAll(() => home?.[Symbol.asyncDispose]());

/** Prints numbered lines slowly enough that whatever happens, happens in the middle. */
const count = (name: string, lines: number) =>
  person.type(`clear; for i in $(seq ${lines}); do echo ${name}-$i; sleep 0.01; done; echo ${name} done\n`);

const numbers = (name: string, lines: number) => Array.from({ length: lines }, (_, i) => `${name}-${i + 1}`);

const printed = async (name: string) => {
  const text = await person.text();
  return text.split('\n').filter((line) => /^\S+-\d+$/.test(line) && line.startsWith(`${name}-`));
};

test('the pod is killed under the page: it goes on through the other one, byte for byte', async () => {
  await count('kill', 400);
  await person.sees('kill-40');
  home.cluster.pod(0).kill('SIGKILL');
  await person.corner.getByText(/reconnecting|connecting|attaching|catching up/).waitFor();
  await person.sees('kill done', 30_000);
  await person.live();
  expect(await printed('kill')).toEqual(numbers('kill', 400));
  await home.cluster.pod(0).restart();
});

test('the computer sleeps while its connection dies, wakes, and has what was printed meanwhile', async () => {
  // It runs for longer than the page's timers may be late.
  await person.type(
    `clear; for i in $(seq 300); do echo sleep-$i; sleep 0.025; done; echo sleep done; touch ~/awake\n`,
  );
  await person.sees('sleep-20');
  await using _sleep = await home.browser.sleep();
  home.path.silenceOpen();
  await until('the program has gone on to its end', () => existsSync(join(home.directory, 'awake')), 40_000);
  await home.browser.wake();
  await person.sees('sleep done', 20_000);
  expect(await printed('sleep')).toEqual(numbers('sleep', 300));
});

test('after a long absence it has the screen of now, and still what it showed before', async () => {
  await person.type('clear; echo before the absence; rm -f ~/awake\n');
  await person.sees(/^before the absence$/m);
  // More than is replayed: what comes is a new picture of the screen.
  const program = `printf 'far-%0100d\\n' $(seq 8000)`;
  await person.type(`while [ ! -e ~/asleep ]; do sleep 0.1; done; ${program}; echo after the absence; touch ~/awake\n`);
  await using _sleep = await home.browser.sleep();
  home.path.silenceOpen();
  writeFileSync(join(home.directory, 'asleep'), '');
  await until('the program has gone on to its end', () => existsSync(join(home.directory, 'awake')), 40_000);
  await home.browser.wake();
  // As browsers do for a page that they froze: it need not find out by itself.
  await person.page.evaluate(() => document.dispatchEvent(new Event('resume')));
  await person.sees(/^after the absence$/m, 30_000);
  await person.live();
  const shown = (await person.text()).split('\n');
  const far = shown.filter((line) => line.startsWith('far-')).map((line) => Number(line.slice(4)));
  expect(shown).toContain('before the absence');
  expect(shown.some((line) => line.includes('output was skipped here'))).toBe(true);
  expect(far.length).toBeGreaterThan(900);
  expect(far).toEqual(Array.from({ length: far.length }, (_, at) => 8_001 - far.length + at));
});

test('without a network it says when it tries again, keeps what is typed, and sends it once', async () => {
  await person.type('clear\n');
  home.path.offline();
  await person.corner.getByText(/reconnecting/).waitFor();
  await person.type('echo typed-$((40+2))\n');
  await person.corner.getByText(/typed, will be sent/).waitFor();
  await person.corner.getByText(/reconnecting in \d+ s/).waitFor({ timeout: 30_000 });
  home.path.online();
  await person.sees('typed-42', 40_000);
  await person.live();
  const lines = (await person.text()).split('\n').filter((line) => line === 'typed-42');
  expect(lines).toHaveLength(1);
});

test('typing that does not fit any more is refused, and said so', async () => {
  await person.type('clear; echo ready; cat > /dev/null\n');
  await person.sees(/^ready$/m);
  home.path.offline();
  await person.corner.getByText(/reconnecting/).waitFor();
  // The line before may still be unacknowledged, and takes room: what is left is filled key by key.
  await person.paste('x'.repeat(LIMITS.inputQueue - 200));
  await person.corner.getByText(/64 KB typed/).waitFor();
  await person.type('y'.repeat(220));
  await person.page.getByText('Not sent: the connection is down').waitFor();
  // What waits would go with the page.
  const asked = person.page.waitForEvent('dialog');
  const leaving = person.page.reload().catch(() => undefined);
  const question = await asked;
  expect(question.type()).toBe('beforeunload');
  await question.dismiss();
  await leaving;
  home.path.online();
  await person.live();
  await until('all of it has arrived', async () => !(await person.corner.innerText()).includes('typed'), 30_000);
  await person.press('Control+C');
  await person.sees(/\$$/m);
});

test('the corner names the pod, the driver and the round trip', async () => {
  await person.corner.click();
  const details = person.page.getByRole('region', { name: 'Connection and size' });
  await details.getByText(/pod-[01] · \d+ ms/).waitFor();
  await details.getByText('you', { exact: true }).waitFor();
  await person.corner.click();
  expect(person.window.complaints).toEqual([]);
});
