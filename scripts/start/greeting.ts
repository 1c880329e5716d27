// What npm start says when everything runs: where it is, who you are, and what to do next.
import { homedir } from 'node:os';
import { style } from '../setup/progress.mjs';

interface Running {
  readonly address: string;
  readonly email: string;
  /** Given the first time only. */
  readonly password: string | undefined;
  readonly passwordFile: string;
  readonly machineName: string;
  readonly machineIsOnline: boolean;
  readonly dataDirectory: string;
  readonly logDirectory: string;
  /** Opens a live shell in a browser, once; undefined where the web terminal was not built. */
  readonly link: string | undefined;
}

const short = (path: string) => (path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path);
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export const greeting = (running: Running): string => {
  const row = (label: string, value: string) => `  ${style.dim(label.padEnd(10))} ${value}`;
  const command = (line: string, about = '') =>
    `    ${style.cyan(`npm run hermit -- ${line}`)}${about && style.dim(`   # ${about}`)}`;
  const kept = style.dim(`kept in ${short(running.passwordFile)}`);
  const machine = quoted(running.machineName);
  return [
    '',
    `  ${style.bold('Hermit is ready')}   ${style.bold(style.cyan(running.address))}`,
    '',
    row('E-mail', running.email),
    row('Password', running.password ? `${style.bold(running.password)}   ${kept}; shown this once` : kept),
    row(
      'Machine',
      `${running.machineName} ${running.machineIsOnline ? style.green('online') : style.yellow('offline')}`,
    ),
    '',
    ...(running.link
      ? [
          '  In a browser, signed in and at a shell of this machine (works once, within 15 minutes):',
          `    ${style.bold(style.cyan(running.link))}`,
          '',
        ]
      : []),
    '  In another terminal, here:',
    command(`login --relay ${running.address} --email ${quoted(running.email)}`),
    command(`new ${machine} --name work`, 'a shell; Ctrl-] leaves it running'),
    command(`attach ${machine} work`.padEnd(`new ${machine} --name work`.length), 'back to it'),
    '',
    row('Data', short(running.dataDirectory)),
    row('Logs', short(running.logDirectory)),
    '',
    style.dim('  Ctrl-C stops all of it; the data stays.'),
    '',
  ].join('\n');
};
