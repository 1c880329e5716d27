// What could stand at the end of a command line, read off the commands themselves. Pure but for the names.
import type { Argument, Command, Option } from 'commander';

export type NameSource = {
  machines(): Promise<string[]>;
  /** Of the machine that is named. */
  sessions(machine: string): Promise<string[]>;
};

/** `words`: those after the program's name; the last one is to be completed, and may be empty. */
export async function candidates(root: Command, words: readonly string[], names: NameSource): Promise<string[]> {
  const given = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const place = follow(root, before);
  if (place === null) return [];
  const all = await allAt(place, given, names);
  return all.filter((candidate) => candidate.startsWith(given));
}

/** The relay that the words name. */
export function relayIn(words: readonly string[]): string | undefined {
  const ended = words.indexOf('--');
  const ours = words.slice(0, ended < 0 ? -1 : ended);
  const at = ours.lastIndexOf('--relay');
  const joined = ours.findLast((word) => word.startsWith('--relay='));
  return (at < 0 ? undefined : ours[at + 1]) ?? joined?.slice('--relay='.length);
}

type Place = {
  command: Command;
  /** Arguments given so far. */
  given: string[];
  /** An option that waits for its value. */
  option: Option | null;
};

/** Null: after `--`, where the words belong to another program. */
function follow(root: Command, words: readonly string[]): Place | null {
  let command = root;
  let given: string[] = [];
  let option: Option | null = null;
  for (const word of words) {
    if (word === '--') return null;
    if (option) {
      option = null;
      continue;
    }
    if (word.startsWith('-')) {
      const known = optionsOf(command).find((o) => o.long === word || o.short === word);
      option = known && (known.required || known.optional) ? known : null;
      continue;
    }
    const child = command.commands.find((c) => c.name() === word || c.aliases().includes(word));
    if (child && given.length === 0) {
      command = child;
      given = [];
    } else given.push(word);
  }
  return { command, given, option };
}

async function allAt({ command, given, option }: Place, word: string, names: NameSource): Promise<string[]> {
  if (option) return option.argChoices ?? [];
  if (word.startsWith('-')) return optionsOf(command).flatMap((o) => (o.long && !o.hidden ? [o.long] : []));
  if (command.commands.length > 0 && given.length > 0) return [];
  if (command.commands.length > 0)
    return command
      .createHelp()
      .visibleCommands(command)
      .map((c) => c.name());
  const argument: Argument | undefined = command.registeredArguments[given.length];
  if (!argument) return [];
  if (argument.argChoices) return argument.argChoices;
  if (argument.name() === 'machine') return await names.machines();
  if (argument.name() === 'session') return await names.sessions(given[given.length - 1] as string);
  return [];
}

/** Of a command and of all above it. */
function optionsOf(command: Command): Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command.parent ? [...own, ...command.parent.options] : own;
}
