// The real systemd reads the unit: it knows each setting, whatever is in the words. Skipped, and said to be, without it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { findCommand } from '../../../../test/services/binaries.ts';
import { systemdUnit } from './service-file.ts';

const run = promisify(execFile);
const analyze = await findCommand('systemd-analyze');

it.skipIf(analyze === undefined)('systemd has nothing to say against the unit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hermit-unit-'));
  try {
    const file = join(directory, 'hermit-agent.service');
    const unit = systemdUnit({
      command: [process.execPath, 'run', '--name', 'a "b" %h $HOME \\ é'],
      env: { PATH: '/usr/bin:/$odd %h' },
      machineName: 'box\n[Nonsense]',
    });
    const verify = async (text: string) => {
      await writeFile(file, text);
      const env = { ...process.env, XDG_RUNTIME_DIR: directory, HOME: directory };
      const { stdout, stderr } = await run(analyze as string, ['--user', 'verify', file], { env, timeout: 30_000 });
      return (stdout + stderr).split('\n').filter((line) => line.includes('hermit-agent.service'));
    };
    expect(await verify(unit)).toEqual([]);
    expect(await verify(unit.replace('OOMPolicy=', 'OOMPolitics='))).toHaveLength(1);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
