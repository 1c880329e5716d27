// hermit login: asks for a password, and keeps the tokens that come for it.
import { Login, type RelayApi, type Tokens } from '@hermit/client';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { approved } from '../login/approved.ts';
import { replaced } from '../login/replaced.ts';
import { printable } from '../output/printable.ts';
import { readPassword } from '../terminal/password.ts';
import { examples } from './examples.ts';

export function loginCommand(context: Context): Command {
  return new Command('login')
    .summary('log in at a relay')
    .description(
      'Logs in at a relay. With --email the password is asked for; when standard input is not a terminal, it is its ' +
        'first line. Without, a code is shown, which you approve where you are logged in already.',
    )
    .option('--email <address>', 'your e-mail address there')
    .addHelpText(
      'after',
      examples(
        ['hermit login --relay https://relay.example.org --email ann@example.org'],
        ['hermit login --relay https://relay.example.org', 'without a password: approve a code'],
        ['pass show hermit | hermit login --relay https://relay.example.org --email ann@example.org', 'from a pipe'],
      ),
    )
    .action(async (options: { email?: string }) => {
      const named = context.relayOption ?? (await context.credentials.relay());
      if (named === null)
        throw new Failure(EXIT.usage, 'At which relay?', 'Name it: hermit login --relay https://relay.example.org');
      const api = context.api(named);
      const store = context.credentials.storeOf(api.url);
      const login = new Login(api, store, { now: Date.now });
      const before = await store.read();
      const user = await (options.email === undefined
        ? byCode(context, api, login)
        : byPassword(context, api, login, options.email));
      await context.credentials.choose(api.url);
      context.note(`Logged in at ${api.url} as ${user.email}.${replaced(before, user)}`);
    });
}

async function byPassword(context: Context, api: RelayApi, login: Login, email: string): Promise<Tokens['user']> {
  const password = await readPassword(context.stdin, context.stderr, `Password of ${email} at ${api.url}: `);
  return (await context.wait(`Logging in at ${api.url}`, login.withPassword(email, password))).user;
}

/** Somebody who is logged in approves the code that is shown here. */
async function byCode(context: Context, api: RelayApi, login: Login): Promise<Tokens['user']> {
  const asked = await context.wait(`Asking ${api.url}`, api.askForDevice());
  context.note(`Open ${printable(asked.link)}`);
  context.note(`or, where you are logged in, run: hermit approve ${context.style.bold(printable(asked.code))}`);
  const outcome = await context.wait('Waiting to be approved', approved(api, asked));
  if (outcome.status !== 'login') throw new Failure(EXIT.refused, 'You were refused.');
  await login.withTokens(outcome);
  return outcome.user;
}
