// hermit new: starts a session, and attaches to it.

import type { HermitClient } from '@hermit/client';
import type { MachineInfo, SessionInfo, SizePolicy, StartOptions } from '@hermit/protocol';
import { Command, Option } from 'commander';
import { attachScreen } from '../attaching/attach-screen.ts';
import { attachStream } from '../attaching/attach-stream.ts';
import type { Context } from '../context.ts';
import { explained, findMachine } from '../names/targets.ts';
import { quoted } from '../names/word.ts';
import type { DetachKey } from '../terminal/detach-key.ts';
import { detachOption } from './detach-option.ts';
import { examples } from './examples.ts';
import { SIZE_POLICIES } from './option-values.ts';

type Options = {
  name?: string;
  detach?: boolean;
  cwd?: string;
  sizePolicy?: SizePolicy;
  json?: boolean;
  detachKey: DetachKey;
};

export function newCommand(context: Context): Command {
  return new Command('new')
    .summary('start a session')
    .description(
      'Starts a session on a machine, by default your shell there, and attaches to it. Ends with the exit status of ' +
        'the program. When standard output is not a terminal, the exact bytes are written to it; and a standard input ' +
        'that is none is typed, its end as Ctrl-D.',
    )
    .argument('<machine>', 'name, id, or the beginning of an id')
    .argument('[command...]', 'the program and its arguments, after --')
    .option('-n, --name <name>', 'what the session shall be called')
    .option('-d, --detach', "do not attach; print the session's id")
    .option('--cwd <directory>', 'where the program starts, on that machine')
    .addOption(
      new Option('--size-policy <policy>', 'whose size counts when several are attached').choices(SIZE_POLICIES),
    )
    .option('--json', 'with --detach: print {machineId, session}')
    .addOption(detachOption())
    .addHelpText(
      'after',
      examples(
        ['hermit new buildbox', 'a shell'],
        ['hermit new buildbox --name build --cwd /src -- make -j8', 'a program'],
        ['id=$(hermit new buildbox --detach -- ./nightly.sh)', 'in the background'],
      ),
    )
    .action(async (given: string, command: string[], options: Options) => {
      context.exitCode = await context.connected(async (client) => {
        const machine = await findMachine(context, client, given);
        try {
          return await run(context, client, machine, command, options);
        } catch (error) {
          throw explained(error, machine);
        }
      });
    });
}

async function run(
  context: Context,
  client: HermitClient,
  machine: MachineInfo,
  command: string[],
  options: Options,
): Promise<number> {
  const session = await context.wait(
    `Starting on ${quoted(machine.name)}`,
    client.createSession(machine.id, startOptions(context, command, options)),
  );
  if (options.detach) {
    printStarted(context, machine, session, options.json === true);
    return 0;
  }
  const target = { client, machine, session };
  if (context.stdout.isTTY)
    return await attachScreen(context, target, { readOnly: false, detachKey: options.detachKey });
  // A terminal that types without seeing anything is of no use; a pipe is typed.
  const typesInput = !context.stdin.isTTY;
  return await attachStream(context, target, { output: '-', from: 0, readOnly: false, typesInput });
}

function startOptions(context: Context, command: string[], options: Options): StartOptions {
  const [program, ...args] = command;
  const { stdout } = context;
  const start: StartOptions = {};
  if (options.name !== undefined) start.name = options.name;
  if (program !== undefined) Object.assign(start, { command: program, args });
  if (options.cwd !== undefined) start.cwd = options.cwd;
  if (options.sizePolicy !== undefined) start.sizePolicy = options.sizePolicy;
  if (stdout.isTTY && stdout.columns > 0 && stdout.rows > 0)
    Object.assign(start, { cols: stdout.columns, rows: stdout.rows });
  return start;
}

function printStarted(context: Context, machine: MachineInfo, session: SessionInfo, json: boolean): void {
  if (json) context.printJson({ machineId: machine.id, session });
  else context.print(session.id);
}
