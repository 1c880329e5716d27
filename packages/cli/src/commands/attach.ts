// hermit attach: this terminal on a session, or its exact bytes in a file or a pipe.
import { Command } from 'commander';
import { attachScreen } from '../attaching/attach-screen.ts';
import { attachStream } from '../attaching/attach-stream.ts';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { explained, findTarget } from '../names/targets.ts';
import type { DetachKey } from '../terminal/detach-key.ts';
import { detachOption } from './detach-option.ts';
import { examples } from './examples.ts';
import { offset } from './option-values.ts';

type Options = { readOnly?: boolean; output?: string; from?: number; detachKey: DetachKey };

export function attachCommand(context: Context): Command {
  return new Command('attach')
    .summary('attach to a session')
    .description(
      'Attaches to a session: paints its screen here and types into it, until the program ends or the detach key is ' +
        "pressed. Ends with the program's exit status. With --output the exact bytes of the session are written " +
        'instead, and nothing is typed.',
    )
    .argument('<machine>', 'name, id, or the beginning of an id')
    .argument('<session>', 'name, id, or the beginning of an id')
    .option('-r, --read-only', 'watch: type nothing, resize nothing')
    .option('-o, --output <file>', 'write every byte to a file, or to standard output with -')
    .option('--from <offset>', 'with --output: the first byte wanted; without it, the first that is kept', offset)
    .addOption(detachOption())
    .addHelpText(
      'after',
      examples(
        ['hermit attach buildbox work'],
        ['hermit attach buildbox work --read-only', 'only watch'],
        ['hermit attach buildbox work --output - --from 0 | sha256sum', 'all of it, to the byte'],
      ),
    )
    .action(async (givenMachine: string, givenSession: string, options: Options) => {
      const { output, from } = options;
      if (output === undefined && from !== undefined) throw new Failure(EXIT.usage, '--from goes with --output.');
      if (output === undefined && !context.stdout.isTTY)
        throw new Failure(EXIT.usage, 'Standard output is not a terminal.', 'Write the bytes to it with --output -');
      context.exitCode = await context.connected(async (client) => {
        const { machine, session } = await findTarget(context, client, givenMachine, givenSession);
        const target = { client, machine, session };
        const attached =
          output === undefined
            ? attachScreen(context, target, { readOnly: options.readOnly ?? false, detachKey: options.detachKey })
            : attachStream(context, target, { output, from: from ?? null, readOnly: true, typesInput: false });
        return await attached.catch((error: unknown) => {
          throw explained(error, machine);
        });
      });
    });
}
