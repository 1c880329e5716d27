// hermit machine add: a new machine, and the token for its agent.
import { Command } from 'commander';
import { agentCommand } from '../agent-command.ts';
import type { Context } from '../context.ts';
import { quoted, word } from '../names/word.ts';
import { examples } from './examples.ts';

const TOKEN_FILE = '~/hermit.token';

export function machineAddCommand(context: Context): Command {
  return new Command('add')
    .summary('add a machine')
    .description('Adds a machine, and prints the token for its agent. The token is shown this once.')
    .argument('<name>', 'what the machine shall be called: 1 to 64 characters')
    .option('--json', 'for programs: {machine, token}')
    .addHelpText('after', examples(['hermit machine add buildbox']))
    .action(async (name: string, options: { json?: boolean }) => {
      const client = await context.client();
      const token = await client.accessToken();
      const added = await context.wait(`Adding ${quoted(name)}`, client.api.addMachine(token, name));
      if (options.json) {
        context.printJson(added);
        return;
      }
      const { style } = context;
      context.note(`Added ${style.bold(quoted(added.machine.name))}. Its token, shown this once:`);
      context.print(added.token);
      const relay = client.api.url.replace(/\/$/, '');
      // Not as part of a command: a shell keeps a history, and others see the processes of a machine.
      context.note('On that machine, put it into a file that only you can read, and start the agent with that:');
      context.note(`  (umask 077; cat > ${TOKEN_FILE})    # paste the token, press Return and Ctrl-D`);
      context.note(
        `  ${agentCommand()} run --relay ${relay} --name ${word(added.machine.name)} --token-file ${TOKEN_FILE}`,
      );
    });
}
