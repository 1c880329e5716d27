// hermit approve: lets a device in that shows a code.
import { createInterface } from 'node:readline/promises';
import type { DeviceQuestion } from '@hermit/client';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { printable } from '../output/printable.ts';
import { readPassword } from '../terminal/password.ts';
import { examples } from './examples.ts';

type Options = { yes?: boolean; replace?: boolean; refuse?: boolean };

export function approveCommand(context: Context): Command {
  return new Command('approve')
    .summary('let a device in that shows a code')
    .description(
      'Lets a device in that shows a code: the command line of another computer, or the agent of a new machine. It acts ' +
        'in your name from then on, so approve only what you have started yourself, now. A login takes your password as ' +
        'well; when standard input is not a terminal, it is its first line.',
    )
    .argument('<code>', 'the code as the device shows it')
    .option('-y, --yes', 'do not ask')
    .option('--replace', 'also where a machine of that name loses its token by it')
    .option('--refuse', 'refuse it')
    .addHelpText('after', examples(['hermit approve BCDF-GHJK']))
    .action(async (code: string, options: Options) => {
      const client = await context.client();
      const token = await client.accessToken();
      const question = await context.wait('Asking the relay', client.api.deviceQuestion(token, code));
      const approve = options.refuse !== true;
      const replace = options.replace === true;
      if (approve && question.replaces && !replace) {
        const name = printable(String(question.machineName));
        throw new Failure(
          EXIT.refused,
          `You have a machine “${name}” already: its agent would be locked out.`,
          `If that is what you want: hermit approve ${printable(code)} --replace`,
        );
      }
      context.note(described(question));
      if (approve && options.yes !== true && !(await agreed(context))) {
        context.note('Nothing was approved.');
        context.exitCode = EXIT.failed;
        return;
      }
      // A login outlives the token this is asked with, so the relay asks who is really here.
      const password = approve && question.password ? { password: await asked(context, client.api.url) } : {};
      await client.api.decideDevice(token, code, { approve, replace, ...password });
      context.note(approve ? 'It is let in.' : 'It is refused.');
    });
}

function described({ machineName, client, address }: DeviceQuestion): string {
  const what =
    machineName === null ? 'a login to your account' : `the token of the machine “${printable(machineName)}”`;
  return `${printable(client) || 'A program'} at ${printable(address)} asks for ${what}.`;
}

function asked({ stdin, stderr }: Context, relay: string): Promise<string> {
  return readPassword(stdin, stderr, `Your password at ${relay}: `);
}

async function agreed(context: Context): Promise<boolean> {
  if (!context.stdin.isTTY) throw new Failure(EXIT.usage, 'Say --yes where nobody can be asked.');
  const lines = createInterface({ input: context.stdin, output: context.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question('Let it in? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}
