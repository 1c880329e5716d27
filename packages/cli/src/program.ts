// The whole command line, wired by hand.
import { Command, CommanderError, Option } from 'commander';
import { approveCommand } from './commands/approve.ts';
import { attachCommand } from './commands/attach.ts';
import { completeCommand } from './commands/complete.ts';
import { completionCommand } from './commands/completion.ts';
import { examples } from './commands/examples.ts';
import { killCommand } from './commands/kill.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { machineCommand } from './commands/machine.ts';
import { machinesCommand } from './commands/machines.ts';
import { newCommand } from './commands/new.ts';
import { presenceCommand } from './commands/presence.ts';
import { registerCommand } from './commands/register.ts';
import { sessionsCommand } from './commands/sessions.ts';
import { shareCommand } from './commands/share.ts';
import { joinCommand, sharesCommand, unshareCommand } from './commands/shares.ts';
import type { Context } from './context.ts';
import { EXIT, EXIT_MEANINGS, failureOf } from './failure.ts';
import { styleFor } from './output/style.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes:
${Object.entries(EXIT)
  .map(([name, code]) => `  ${`${code}`.padEnd(3)}  ${EXIT_MEANINGS[name as keyof typeof EXIT]}`)
  .join('\n')}
  "attach" and "new" end with the exit status of the program: 0 to 255, or 128 + signal. Where hermit itself fails, a
  line that begins with "hermit" on standard error says so.`;

export function programOf(context: Context): Command {
  const program = new Command('hermit')
    .description('Terminals on your machines, from anywhere, that go on when you leave.')
    .version(VERSION, '-V, --version')
    .addOption(new Option('--relay <url>', 'the relay; by default that of your latest login').env('HERMIT_RELAY'))
    .addCommand(registerCommand(context))
    .addCommand(loginCommand(context))
    .addCommand(logoutCommand(context))
    .addCommand(machinesCommand(context))
    .addCommand(machineCommand(context))
    .addCommand(sessionsCommand(context))
    .addCommand(newCommand(context))
    .addCommand(attachCommand(context))
    .addCommand(killCommand(context))
    .addCommand(shareCommand(context))
    .addCommand(sharesCommand(context))
    .addCommand(unshareCommand(context))
    .addCommand(joinCommand(context))
    .addCommand(approveCommand(context))
    .addCommand(presenceCommand(context))
    .addCommand(completionCommand(context))
    .addCommand(completeCommand(context), { hidden: true })
    .addHelpText(
      'after',
      examples(
        ['hermit login --relay https://relay.example.org --email ann@example.org'],
        ['hermit machines', 'what is online'],
        ['hermit new buildbox', 'a shell there; Ctrl-] leaves it running'],
        ['hermit attach buildbox work', 'back to it'],
      ),
    )
    .addHelpText('after', EXIT_CODES)
    .hook('preAction', (command) => {
      context.relayOption = command.opts<{ relay?: string }>().relay;
    });
  program.helpCommand(false).addCommand(helpCommand(program));
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .showHelpAfterError('(--help shows how)')
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({
        writeOut: (text) => context.stdout.write(text),
        writeErr: (text) => context.stderr.write(text),
        outputError: (text, write) => write(text.replace(/^error: /, `${pathOf(command)}: `)),
        getOutHelpWidth: () => Math.min(context.stdout.columns || 80, 100),
        getErrHelpWidth: () => Math.min(context.stderr.columns || 80, 100),
      });
  }
  return program;
}

/** The library's own shows its help in answer to a name that is none. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .summary('display help for command')
    .argument('[command...]', 'such as: attach')
    .action((names: string[]) => {
      let command = program;
      for (const name of names) {
        command =
          command.commands.find((each) => each.name() === name) ??
          command.error(`error: unknown command '${name}'`, { exitCode: EXIT.usage });
      }
      command.help();
    });
}

/** Runs one command line; resolves with the exit code, and has told what went wrong. */
export async function run(context: Context, words: readonly string[]): Promise<number> {
  try {
    await programOf(context).parseAsync(words, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // told already
    const failure = failureOf(error);
    const style = styleFor(context.env, context.stderr.isTTY === true);
    context.note(`${style.red('hermit:')} ${failure.message}`);
    if (failure.hint) context.note(failure.hint);
    return failure.exitCode;
  }
}

/** `hermit machine add` */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
