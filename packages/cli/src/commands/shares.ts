// hermit shares, join and unshare: what is shared, both ways; coming in by a link; and ending it.
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { printable } from '../output/printable.ts';
import { shareTables } from '../output/shares.ts';
import { examples } from './examples.ts';

const SHORTEST_PREFIX = 3;

export function sharesCommand(context: Context): Command {
  return new Command('shares')
    .summary('list what is shared with you, and what you share')
    .description('Lists the sessions that others share with you, and those that you share.')
    .option('--json', 'for programs: {received, given}')
    .addHelpText('after', examples(['hermit shares']))
    .action(async (options: { json?: boolean }) => {
      const client = await context.client();
      const shares = await context.wait('Asking the relay', client.api.shares(await client.accessToken()));
      if (options.json) {
        context.printJson(shares);
        return;
      }
      const lines = shareTables(shares, context.look);
      if (lines.length === 0) context.note('Nothing is shared. Share: hermit share MACHINE SESSION');
      for (const line of lines) context.print(line);
    });
}

export function joinCommand(context: Context): Command {
  return new Command('join')
    .summary('come in by a link')
    .description('Accepts the link of a shared session. It is in your list from then on: hermit shares')
    .argument('<link>', 'the link, or what stands behind its #')
    .addHelpText('after', examples(['hermit join https://relay.example.org/join#hms_…']))
    .action(async (link: string) => {
      const client = await context.client();
      const token = link.slice(link.indexOf('#') + 1);
      const share = await context.wait('Accepting', client.api.acceptShare(await client.accessToken(), token));
      const name = printable(share.session?.name ?? share.sessionId);
      context.note(`${printable(share.ownerEmail)} shares “${name}” on ${printable(share.machineName)} with you.`);
      context.note(`Look: hermit attach ${share.machineId} ${share.sessionId}`);
    });
}

export function unshareCommand(context: Context): Command {
  return new Command('unshare')
    .summary('end a share')
    .description('Takes back what you share, or gives back what is shared with you. Whoever looks is detached at once.')
    .argument('<share>', 'its id, or the beginning of it: hermit shares')
    .addHelpText('after', examples(['hermit unshare 3f1c']))
    .action(async (given: string) => {
      const client = await context.client();
      const token = await client.accessToken();
      const { received, given: mine } = await client.api.shares(token);
      const fits = ({ id }: { id: string }) =>
        id === given || (given.length >= SHORTEST_PREFIX && id.startsWith(given));
      const [own, theirs] = [mine.filter(fits), received.filter(fits)];
      if (own.length + theirs.length !== 1) {
        const message =
          own.length + theirs.length === 0 ? 'There is no such share.' : `“${given}” fits several shares.`;
        throw new Failure(EXIT.notFound, message, 'They are listed by: hermit shares');
      }
      if (own[0]) await client.api.withdrawShare(token, own[0]);
      else if (theirs[0]) await client.api.leaveShare(token, theirs[0].id);
      context.note('It is shared no more.');
    });
}
