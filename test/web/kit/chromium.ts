// Where this machine keeps Chromium, and how it gets there when it has none.
import { existsSync } from 'node:fs';
import { canInstall, findCommand, installPackages } from '../../services/binaries.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
const HELP = 'install it (Debian, Ubuntu: apt-get install chromium), or name one with CHROMIUM';

export async function findChromium(): Promise<string | undefined> {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of NAMES) {
    const found = await findCommand(name);
    if (found) return found;
  }
  return existsSync(MAC) ? MAC : undefined;
}

/** For a whole run: the tests find it in CHROMIUM. */
export default async function provideChromium(): Promise<void> {
  if (!(await findChromium()) && (await canInstall())) {
    process.stdout.write('  Installing chromium with apt-get\n');
    await installPackages(['chromium']);
  }
  const found = await findChromium();
  if (!found) throw new Error(`The web tests need a real Chromium and found none: ${HELP}.`);
  process.env.CHROMIUM = found;
}
