// hermit login: asks for a password, and keeps the tokens that come for it.
import { createInterface } from 'node:readline/promises';
import { Login } from '@hermit/client';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { readPassword } from '../terminal/password.ts';
import { examples } from './examples.ts';

export function loginCommand(context: Context): Command {
  return new Command('login')
    .summary('log in at a relay')
    .description(
      'Logs in at a relay. The password is asked for; when standard input is not a terminal, it is its first line.',
    )
    .option('--email <address>', 'your e-mail address there')
    .addHelpText(
      'after',
      examples(
        ['hermit login --relay https://relay.example.org --email ann@example.org'],
        ['pass show hermit | hermit login --relay https://relay.example.org --email ann@example.org', 'from a pipe'],
      ),
    )
    .action(async (options: { email?: string }) => {
      const named = context.relayOption ?? (await context.credentials.relay());
      if (named === null)
        throw new Failure(EXIT.usage, 'At which relay?', 'Name it: hermit login --relay https://relay.example.org');
      const api = context.api(named);
      const store = context.credentials.storeOf(api.url);
      const email = options.email ?? (await askForEmail(context));
      const password = await readPassword(context.stdin, context.stderr, `Password of ${email} at ${api.url}: `);
      const login = new Login(api, store, { now: Date.now });
      const { user } = await context.wait(`Logging in at ${api.url}`, login.withPassword(email, password));
      await context.credentials.choose(api.url);
      context.note(`Logged in at ${api.url} as ${user.email}.`);
    });
}

async function askForEmail(context: Context): Promise<string> {
  if (!context.stdin.isTTY) throw new Failure(EXIT.usage, 'As whom? Say it with --email ADDRESS.');
  const lines = createInterface({ input: context.stdin, output: context.stderr });
  try {
    return (await lines.question('E-mail: ')).trim();
  } finally {
    lines.close();
  }
}
