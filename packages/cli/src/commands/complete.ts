// hermit complete: what could stand at the end of a command line; called by the completion scripts.
import { Command } from 'commander';
import { candidates, type NameSource, relayIn } from '../completion/candidates.ts';
import { bashReplies, unquoted } from '../completion/shell-words.ts';
import type { Context } from '../context.ts';
import { resolve } from '../names/resolve.ts';

/** Somebody waits with a finger on the Tab key, milliseconds. */
const PATIENCE_MS = 1_500;

export function completeCommand(context: Context): Command {
  return new Command('complete')
    .argument('[words...]', 'the words after "hermit"; the last is the one to complete')
    .option('--bash <breaks>', 'the words are as typed, quotes and all; print what bash takes, which splits at these')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (typed: string[], { bash }: { bash?: string }, command: Command) => {
      const root = command.parent as Command;
      const words = bash === undefined ? typed : typed.map((word) => unquoted(word).text);
      context.relayOption = relayIn(words) ?? context.relayOption;
      const found = await candidates(root, words, namesOf(context)).catch(() => []);
      const replies = bash === undefined ? found : bashReplies(found, typed.at(-1) ?? '', bash);
      for (const reply of replies) context.print(reply);
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
