// The commands that set the agent up: enroll, install, uninstall.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SetupError } from '../token.ts';
import { VERSION } from '../version.ts';
import { enrol } from './enrol.ts';
import { checkKeeper, type InstallParts, install, specOf, uninstall } from './install.ts';
import { forgetToken, hasToken, keepToken, tokenFileOf } from './token-file.ts';

type Options = { relay: string; name: string; tokenFile?: string };

const say = (line: string) => process.stderr.write(`${line}\n`);

export function addServiceCommands(program: Command): void {
  const described = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .requiredOption('--relay <url>', 'address of the relay, http:// or https://')
      .option('--name <name>', 'name of this machine', hostname())
      .option('--token-file <file>', 'where its token is kept (mode 0600)');

  described('enroll', 'let this machine in: shows a code, which somebody approves who is logged in').action(
    async (options: Options) => {
      const file = fileFor(options);
      await enrolTo(file, options);
      say(
        `Start: hermit-agent run --relay ${options.relay} --name ${quoted(options.name)} --token-file ${quoted(file)}`,
      );
    },
  );

  described('install', 'run as a service of this user, from now on; lets the machine in first where it is not').action(
    async (options: Options) => {
      const file = fileFor(options);
      await checkKeeper(parts());
      if (!hasToken(file)) await enrolTo(file, options);
      const args = ['run', '--relay', options.relay, '--name', options.name, '--token-file', file];
      const again = `hermit-agent enroll --relay ${options.relay} --name ${quoted(options.name)} --token-file ${quoted(file)}`;
      await install(specOf(args, options.name, process.env), parts(), `; let it in anew: ${again}`);
    },
  );

  program
    .command('uninstall')
    .description('end the service of this user and its sessions, and remove it')
    .option('--name <name>', 'name of this machine', hostname())
    .option('--forget', 'remove the token of the machine as well; needs --relay or --token-file')
    .option('--relay <url>', 'the relay that the token is for')
    .option('--token-file <file>', 'where the token is kept, if it was said')
    .action(async ({ forget, ...of }: Partial<Options> & { name: string; forget?: boolean }) => {
      const { relay, tokenFile } = of;
      if (forget && relay === undefined && tokenFile === undefined)
        throw new SetupError('--forget needs --relay or --token-file: each relay has a token of its own');
      const token = forget ? fileFor({ relay: '', ...of }) : null;
      const removed = await uninstall(parts());
      if (token !== null) say(forgetToken(token) ? `${token} is removed.` : `There is no token in ${token}`);
      say(removed ? 'The service is removed.' : 'There is no such service.');
      if (removed && !forget) say('The machine is still yours at the relay: hermit machine remove NAME');
    });
}

async function enrolTo(file: string, { relay, name }: Options): Promise<void> {
  keepToken(file, await enrol({ relay, name, agentVersion: VERSION, say }));
  say(`Let in as “${name}”. The token is in ${file}`);
}

/** Absolute: a service starts in another directory. */
const fileFor = ({ tokenFile, relay, name }: Options) =>
  tokenFile === undefined ? tokenFileOf(relay, name, process.env) : resolve(tokenFile);
const parts = (): InstallParts => ({ env: process.env, platform: process.platform, say });
const quoted = (word: string) => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
