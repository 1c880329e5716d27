// hermit share: one session for somebody else, who watches or types, for a time.
import type { ShareRole } from '@hermit/client';
import { Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { findMachine, findSession } from '../names/targets.ts';
import { until } from '../output/age.ts';
import { printable } from '../output/printable.ts';
import { examples } from './examples.ts';
import { duration } from './option-values.ts';

type Options = { with?: string; role: ShareRole; for?: number; json?: boolean };

export function shareCommand(context: Context): Command {
  return new Command('share')
    .summary('share a session')
    .description(
      'Shares one session with another user of the relay, or with whoever gets the link that is printed. Viewers watch; ' +
        'drivers type as well. It ends by itself, or with: hermit unshare',
    )
    .argument('<machine>', 'name, id, or the beginning of an id')
    .argument('<session>', 'name, id, or the beginning of an id')
    .option('-w, --with <address>', 'e-mail address of the user; without it, a link is made')
    .addOption(new Option('--role <role>', 'what they may do').choices(['viewer', 'driver']).default('viewer'))
    .option('--for <time>', 'how long: 30m, 8h, 7d; a day unless you say', duration)
    .option('--json', 'for programs: {share, token?}')
    .addHelpText(
      'after',
      examples(
        ['hermit share buildbox work --with ben@example.org', 'Ben watches, for a day'],
        ['hermit share buildbox work --role driver --for 2h', 'a link; who opens it may type'],
      ),
    )
    .action(async (givenMachine: string, givenSession: string, options: Options) => {
      await context.connected(async (client) => {
        const machine = await findMachine(context, client, givenMachine);
        const session = await findSession(context, client, machine, givenSession);
        const made = await client.api.share(
          await client.accessToken(),
          { machineId: machine.id, sessionId: session.id },
          {
            role: options.role,
            ...(options.with ? { email: options.with } : {}),
            ...(options.for ? { expiresInSeconds: options.for } : {}),
          },
        );
        if (options.json) {
          context.printJson(made);
          return;
        }
        const { role, email, expiresAt } = made.share;
        const may = role === 'driver' ? 'may watch and type' : 'may watch';
        const end = until(expiresAt, Date.now());
        if (made.token === undefined) {
          context.note(`${printable(String(email))} ${may}, ${end}.`);
          return;
        }
        context.note(`Whoever opens this link ${may}, ${end}. It is shown this once:`);
        // Behind the hash it is sent to nobody when it is opened.
        context.print(`${client.api.url}join#${made.token}`);
        context.note('In a terminal: hermit join LINK');
      });
    });
}
