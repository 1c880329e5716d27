// hermit logout: ends the login, here and at the relay.
import { Login } from '@hermit/client';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { notLoggedIn } from '../failure.ts';
import { examples } from './examples.ts';

export function logoutCommand(context: Context): Command {
  return new Command('logout')
    .summary('log out')
    .description('Ends the login at the relay, and forgets it here. Sessions go on.')
    .addHelpText(
      'after',
      examples(['hermit logout'], ['hermit logout --relay https://relay.example.org', 'of several relays, this one']),
    )
    .action(async () => {
      const relay = await context.relay();
      const login = new Login(context.api(relay), context.credentials.storeOf(relay), { now: Date.now });
      const { was, told } = await context.wait(`Logging out at ${relay}`, login.end());
      if (was === null) throw notLoggedIn(relay);
      context.note(`Logged out at ${relay}.`);
      if (!told) context.note('The relay could not be told; the login ends there by itself within 7 days.');
    });
}
