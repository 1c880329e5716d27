// hermit machines: the machines of the user, and which are online.
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { machineTable } from '../output/listing.ts';
import { examples } from './examples.ts';

export function machinesCommand(context: Context): Command {
  return new Command('machines')
    .summary('list your machines')
    .description('Lists your machines, and which of them are online.')
    .option('--json', 'for programs: a JSON array of {id, name, online, lastSeen, sessionCount}; times in milliseconds')
    .addHelpText(
      'after',
      examples(['hermit machines'], ["hermit machines --json | jq -r '.[] | select(.online).name'", 'those online']),
    )
    .action(async (options: { json?: boolean }) => {
      const machines = await context.connected((client) => context.wait('Asking for your machines', client.machines()));
      if (options.json) context.printJson(machines);
      else if (machines.length === 0) context.note('You have no machines yet. Add one: hermit machine add NAME');
      else for (const line of machineTable(machines, context.look)) context.print(line);
    });
}
