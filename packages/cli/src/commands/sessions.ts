// hermit sessions: what runs on a machine, and who looks at it.
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { findMachine, sessionsOf } from '../names/targets.ts';
import { quoted, word } from '../names/word.ts';
import { sessionTable } from '../output/listing.ts';
import { examples } from './examples.ts';

export function sessionsCommand(context: Context): Command {
  return new Command('sessions')
    .summary('list the sessions of a machine')
    .description('Lists the sessions of a machine. Those that have ended stay for ten minutes.')
    .argument('<machine>', 'name, id, or the beginning of an id')
    .option(
      '--json',
      'for programs: a JSON array of {id, name, command, createdAt, attachedClients, cols, rows, sizePolicy, title?, exit?}',
    )
    .addHelpText(
      'after',
      examples(['hermit sessions buildbox'], ["hermit sessions buildbox --json | jq -r '.[].id'", 'their ids']),
    )
    .action(async (given: string, options: { json?: boolean }) => {
      await context.connected(async (client) => {
        const machine = await findMachine(context, client, given);
        const sessions = await sessionsOf(context, client, machine);
        if (options.json) context.printJson(sessions);
        else if (sessions.length === 0)
          context.note(`Nothing runs on ${quoted(machine.name)}. Start: hermit new ${word(machine.name)}`);
        else for (const line of sessionTable(sessions, context.look)) context.print(line);
      });
    });
}
