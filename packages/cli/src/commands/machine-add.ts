// hermit machine add: a new machine, and the token for its agent.
import { Command } from 'commander';
import { agentCommand } from '../agent-command.ts';
import type { Context } from '../context.ts';
import { word } from '../names/word.ts';
import { examples } from './examples.ts';

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
      const added = await context.wait(`Adding ${name}`, client.api.addMachine(token, name));
      if (options.json) {
        context.printJson(added);
        return;
      }
      const { style } = context;
      context.note(`Added ${style.bold(added.machine.name)}. Its token, shown this once:`);
      context.print(added.token);
      context.note('On that machine, start the agent with:');
      context.note(
        `  HERMIT_MACHINE_TOKEN=${added.token} ${agentCommand()} run --relay ${client.api.url.replace(/\/$/, '')} ` +
          `--name ${word(added.machine.name)}`,
      );
    });
}
