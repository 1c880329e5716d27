// The programs that terminal tests run under a PTY: there, or installed, or a sentence saying what is missing.
import { canInstall, findCommand, installPackages } from '../../test/services/binaries.ts';

const programs = ['vim', 'less', 'tmux'];

const missingPrograms = async (): Promise<string[]> => {
  const found = await Promise.all(programs.map(findCommand));
  return programs.filter((_, index) => found[index] === undefined);
};

export const provideTerminalPrograms = async (say: (line: string) => void): Promise<void> => {
  const missing = await missingPrograms();
  if (missing.length === 0) return;
  const names = missing.join(', ');
  if (!(await canInstall())) throw new Error(`The terminal tests run ${names}: please install ${names} first.`);
  say(`Installing ${names} with apt-get`);
  await installPackages(missing);
  const still = await missingPrograms();
  if (still.length > 0) throw new Error(`apt-get reports success, and ${still.join(', ')} is still not on the PATH.`);
};
