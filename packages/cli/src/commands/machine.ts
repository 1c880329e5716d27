// hermit machine: adding and removing machines.
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { examples } from './examples.ts';
import { machineAddCommand } from './machine-add.ts';
import { machineRemoveCommand } from './machine-remove.ts';

export function machineCommand(context: Context): Command {
  return new Command('machine')
    .summary('add or remove a machine')
    .description('Adds machines to your account, and removes them. "hermit machines" lists them.')
    .addHelpText(
      'after',
      examples(
        ['hermit machine add buildbox', 'prints the token for its agent'],
        ['hermit machine remove buildbox', 'its token is worth nothing then'],
      ),
    )
    .addCommand(machineAddCommand(context))
    .addCommand(machineRemoveCommand(context));
}
