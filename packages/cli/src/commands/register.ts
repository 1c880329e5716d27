// hermit register: makes an account at a relay, and logs in.
import { Login } from '@hermit/client';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { replaced } from '../login/replaced.ts';
import { readNewPassword } from '../terminal/password.ts';
import { examples } from './examples.ts';

type Options = { email: string; invite?: string };

export function registerCommand(context: Context): Command {
  return new Command('register')
    .summary('make an account at a relay')
    .description(
      'Makes an account at a relay, and logs in. The password is asked for twice; when standard input is not a ' +
        'terminal, it is its first line. The first account of a relay is its administrator.',
    )
    .requiredOption('--email <address>', 'your e-mail address')
    .option('--invite <token>', 'an invitation, where the relay asks for one')
    .addHelpText(
      'after',
      examples(
        ['hermit register --relay https://relay.example.org --email ann@example.org'],
        ['hermit register --email ann@example.org --invite hmi_…', 'with an invitation'],
        ['pass show hermit | hermit register --email ann@example.org', 'from a pipe'],
      ),
    )
    .action(async ({ email, invite }: Options) => {
      const named = context.relayOption ?? (await context.credentials.relay());
      if (named === null) {
        const example = 'Name it: hermit register --relay https://relay.example.org --email YOU@EXAMPLE.ORG';
        throw new Failure(EXIT.usage, 'At which relay?', example);
      }
      const api = context.api(named);
      const prompts = [`New password for ${email} at ${api.url}: `, 'Once more: '] as const;
      const password = await readNewPassword(context.stdin, context.stderr, prompts);
      const tokens = await context.wait(`Registering at ${api.url}`, api.register(email, password, invite));
      const store = context.credentials.storeOf(api.url);
      const before = await store.read();
      await new Login(api, store, { now: Date.now }).withTokens(tokens);
      await context.credentials.choose(api.url);
      context.note(`Registered, and logged in, at ${api.url} as ${tokens.user.email}.${replaced(before, tokens.user)}`);
    });
}
