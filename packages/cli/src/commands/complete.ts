// hermit complete: what could stand at the end of a command line; called by the completion scripts.
import { Command } from 'commander';
import { candidates, type NameSource } from '../completion/candidates.ts';
import type { Context } from '../context.ts';
import { resolve } from '../names/resolve.ts';

/** Somebody waits with a finger on the Tab key, milliseconds. */
const PATIENCE_MS = 1_500;

export function completeCommand(context: Context): Command {
  return new Command('complete')
    .argument('[words...]', 'the words after "hermit"; the last is the one to complete')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: string[], _: unknown, command: Command) => {
      const root = command.parent as Command;
      const found = await candidates(root, words, namesOf(context)).catch(() => []);
      for (const candidate of found) context.print(candidate);
    });
}

function namesOf(context: Context): NameSource {
  return {
    machines: () => context.connected(async (client) => (await client.machines()).map(({ name }) => name), PATIENCE_MS),
    sessions: (given) =>
      context.connected(async (client) => {
        const machine = resolve('machine', given, await client.machines());
        return (await client.sessions(machine.id)).filter((s) => !s.exit).map(({ name }) => name);
      }, PATIENCE_MS),
  };
}
