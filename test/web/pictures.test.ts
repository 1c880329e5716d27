// The pictures of the documentation, taken of scenes that are checked as they are taken: docs/images/*.png.
// They are written with HERMIT_IMAGES=1, and else thrown away: a picture of the same scene is never the same bytes.
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../integration/kit/wait.ts';
import { type Home, startHome } from './kit/home.ts';
import type { Visitor } from './kit/visitor.ts';

let home: Home;
let desk: Visitor;
/** The agent of the laptop. */
let goingAway: Awaited<ReturnType<Home['cluster']['startAgent']>>;

/** A file worth looking at. */
const SOURCE = fileURLToPath(new URL('../../services/agent/src/session/input-gate.ts', import.meta.url));
const PROMPT = `PS1='\\[\\e[1;32m\\]ada@buildbox\\[\\e[m\\] \\[\\e[1;34m\\]\\w\\[\\e[m\\] $ '`;

beforeAll(async () => {
  home = await startHome({ agent: false });
  writeFileSync(join(home.directory, '.bashrc'), `${PROMPT}\nHISTFILE=\n`);
  copyFileSync(SOURCE, join(home.directory, 'input-gate.ts'));
  writeFileSync(join(home.directory, 'tests.sh'), TESTS);
  writeFileSync(
    join(home.directory, '.vimrc'),
    'syntax on\nset nocompatible number ruler title laststatus=2 t_Co=256 bg=dark\n',
  );
  const { cluster } = home;
  await cluster.call('PATCH', `/api/machines/${cluster.machine.id}`, { name: 'buildbox' });
  const path = await cluster.path([1]);
  await cluster.startAgent(path.url, { ...cluster.machine, name: 'buildbox' }, home.environment);
  for (const name of ['attic', 'pi']) await cluster.addMachine(name);
  const devbox = await cluster.addMachine('devbox-7');
  const laptop = await cluster.addMachine('laptop');
  await cluster.startAgent(path.url, devbox, home.environment);
  goingAway = await cluster.startAgent(path.url, laptop, home.environment);
  desk = await home.visitor();
  await desk.signIn(cluster.account.email);
  await desk.machine('laptop').getByText('Online').waitFor();
});
afterAll(() => home?.[Symbol.asyncDispose]());

test('a desktop with several sessions', async () => {
  await desk.newSession('buildbox');
  await desk.type('clear; sh tests.sh\n');
  await desk.sees('42 passed');
  await desk.page.getByRole('link', { name: 'your machines' }).click();
  await desk.newSession('buildbox');
  await desk.type('vim input-gate.ts\n');
  await desk.sees('export class InputGate');
  await desk.page.mouse.move(600, 700);
  await desk.window.picture('desktop');
});

test('the machines', async () => {
  // For as long as its lease lasts nobody says that it is offline.
  goingAway.kill('SIGKILL');
  await desk.page.getByRole('link', { name: 'your machines' }).click();
  await desk.machine('devbox-7').getByText('Online').waitFor();
  await desk.machine('attic').getByText('Never seen').waitFor();
  await desk.machine('laptop').getByText('Reconnecting').waitFor();
  await until(
    'both sessions are listed',
    async () => (await desk.machine('buildbox').locator('.session').count()) === 2,
  );
  await desk.window.picture('machines');
  await desk.page.goBack();
});

test('sharing', async () => {
  await desk.page.getByRole('tab').first().click();
  await desk.live();
  await desk.page.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = desk.page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Share' }).click();
  await dialog.getByLabel('Address to hand on').waitFor();
  await desk.window.picture('sharing');
  await desk.page.getByRole('button', { name: 'Close', exact: true }).click();
});

test('reconnecting', async () => {
  home.path.offline();
  await desk.corner.getByText(/reconnecting/).waitFor();
  await desk.type('git push');
  await desk.corner.getByText(/reconnecting in \d+ s/).waitFor({ timeout: 40_000 });
  await desk.corner.getByText(/typed, will be sent/).waitFor();
  await desk.window.picture('reconnecting');
  home.path.online();
  await desk.live();
  await desk.press('Control+C');
});

test('a phone', async () => {
  const phone = await home.visitor({ kind: 'phone' }, await home.cluster.path([1]));
  await phone.signIn(home.cluster.account.email);
  await phone.newSession('buildbox');
  await phone.type('clear; sh tests.sh\n');
  await phone.sees('42 passed');
  await phone.window.picture('phone');
  expect(phone.window.complaints).toEqual([]);
});

test('a light room', async () => {
  const light = await home.visitor({ colorScheme: 'light' });
  await light.signIn(home.cluster.account.email);
  await light.machine('buildbox').locator('.session-open').first().click();
  await light.live();
  await light.type('clear; sh tests.sh\n');
  await light.sees(/^ {2}42 passed.*\n\nada@buildbox ~ \$$/m);
  await light.window.picture('light');
});

const TESTS = `printf '\\033]0;npm test\\007'
g='\\033[1;32m' c='\\033[36m' d='\\033[2m' m='\\033[m'
printf "$d\\$$m npm test\\n\\n"
for step in 'types' 'lint' 'architecture' 'unit' 'contract' 'integration' 'web' 'simulation'; do
  printf "  $g✓$m %-14s $c%s$m\\n" "$step" "passed"
done
printf "\\n  $g▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇$m 100%%\\n\\n  42 passed, 0 failed\\n\\n"
`;
