// hermit machine remove: the machine is forgotten, its token is worth nothing any more.
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { resolve } from '../names/resolve.ts';
import { quoted } from '../names/word.ts';
import { examples } from './examples.ts';

export function machineRemoveCommand(context: Context): Command {
  return new Command('remove')
    .alias('rm')
    .summary('remove a machine')
    .description('Removes a machine: its agent is disconnected, and its token ends. What runs there is not stopped.')
    .argument('<machine>', 'name, id, or the beginning of an id')
    .addHelpText('after', examples(['hermit machine remove buildbox']))
    .action(async (given: string) => {
      const client = await context.client();
      const token = await client.accessToken();
      const machine = resolve('machine', given, await context.wait('Looking', client.api.machines(token)));
      await context.wait(`Removing ${quoted(machine.name)}`, client.api.removeMachine(token, machine.id));
      context.note(`Removed ${quoted(machine.name)}.`);
    });
}
