// hermit kill: ends a session's program.
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { findMachine, findSession } from '../names/targets.ts';
import { quoted } from '../names/word.ts';
import { examples } from './examples.ts';
import { signalName } from './option-values.ts';

export function killCommand(context: Context): Command {
  return new Command('kill')
    .summary('end a session')
    .description('Ends the program of a session.')
    .argument('<machine>', 'name, id, or the beginning of an id')
    .argument('<session>', 'name, id, or the beginning of an id')
    .option('--signal <name>', 'the signal to send; by default SIGHUP, as when a terminal closes', signalName)
    .addHelpText(
      'after',
      examples(['hermit kill buildbox work'], ['hermit kill buildbox work --signal KILL', 'when it does not listen']),
    )
    .action(async (givenMachine: string, givenSession: string, options: { signal?: string }) => {
      await context.connected(async (client) => {
        const machine = await findMachine(context, client, givenMachine);
        const session = await findSession(context, client, machine, givenSession);
        await context.wait(
          `Ending ${quoted(session.name)}`,
          client.killSession(machine.id, session.id, options.signal),
        );
        context.note(`Ended ${quoted(session.name)} on ${quoted(machine.name)}.`);
      });
    });
}
