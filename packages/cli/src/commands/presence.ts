// hermit presence: who is online, read from Redis alone, for those who operate a relay.
import { readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { EVERYTHING, FleetReader } from '../presence/fleet-reader.ts';
import { openRedis, REDIS_MODES, type RedisMode } from '../presence/redis-source.ts';
import { report } from '../presence/report.ts';
import { momentOf, VIEW_NAMES, VIEWS, type ViewName } from '../presence/views.ts';
import { watch } from '../presence/watch.ts';
import { examples } from './examples.ts';

type Options = {
  redis?: string;
  prefix?: string;
  redisCa?: string;
  redisMode: RedisMode;
  sentinelName: string;
  watch?: boolean;
  json?: boolean;
  view: ViewName;
  filter: string;
  sort?: string;
  interval: number;
};

export function presenceCommand(context: Context): Command {
  return new Command('presence')
    .summary('pods, machines, sessions and who is attached, live (for operators)')
    .description(
      'Shows the pods, machines, sessions and attachments of a whole relay. It reads Redis alone, so it needs no ' +
        'login, and works when every pod is down.',
    )
    .option('--redis <url>', 'redis:// or rediss:// (env: HERMIT_REDIS_URL)')
    .option('--redis-ca <file>', 'certificate of the authority of a rediss:// server (env: HERMIT_REDIS_CA_FILE)')
    .option('--prefix <text>', 'what every key begins with (env: HERMIT_REDIS_PREFIX; default: "hermit:")')
    .addOption(new Option('--redis-mode <mode>', 'what the URL names').choices(REDIS_MODES).default('single'))
    .addOption(new Option('--sentinel-name <name>', 'the master that sentinels watch').default('mymaster'))
    .addOption(new Option('--watch', 'a live table, as top shows processes; ? shows its keys').conflicts('json'))
    .option('--json', 'for programs: {at, pods, machines, sessions, attachments}')
    .addOption(
      new Option('--view <name>', 'the table that --watch begins with').choices(VIEW_NAMES).default('machines'),
    )
    .option('--filter <text>', 'only what contains this text', '')
    .option('--sort <column>', 'the column that --watch begins to sort by')
    .option('--interval <seconds>', 'between two looks of --watch', seconds, 2)
    .addHelpText(
      'after',
      examples(
        ['hermit presence --redis redis://redis:6379'],
        ['hermit presence --redis redis://redis:6379 --watch', 'live'],
        [
          "hermit presence --redis 'rediss://:…@sentinel:26379?sentinelPassword=…' --redis-mode sentinel --redis-ca ca.crt",
          'behind Sentinels',
        ],
        ["HERMIT_REDIS_URL=redis://… hermit presence --json | jq '.machines | length'"],
      ),
    )
    .action(async (options: Options) => {
      context.exitCode = await show(context, options);
    });
}

async function show(context: Context, options: Options): Promise<number> {
  const { redisMode: mode, sentinelName, filter, view, interval } = options;
  const { redis: url = context.env.HERMIT_REDIS_URL, prefix = context.env.HERMIT_REDIS_PREFIX ?? 'hermit:' } = options;
  if (url === undefined) throw new Failure(EXIT.usage, 'Which Redis?', 'Name it with --redis or HERMIT_REDIS_URL.');
  const sort = sortColumn(view, options.sort);
  const ca = authority(options.redisCa ?? context.env.HERMIT_REDIS_CA_FILE);
  const source = await context.wait('Connecting to Redis', openRedis({ url, mode, sentinelName, ca }));
  try {
    const reader = new FleetReader(source.redis, prefix);
    if (options.json) {
      const { leftOut: _, ...fleet } = await reader.read(EVERYTHING);
      context.printJson(fleet);
      await written(context);
      return EXIT.ok;
    }
    if (options.watch && context.stdout.isTTY && context.stdin.isTTY) {
      return await watch(context, reader, source.label, { view, filter, sort, interval: interval * 1000 });
    }
    for (let before = await read(reader); ; before = await read(reader, before.fleet)) {
      for (const line of report(before, filter, context.look)) context.print(line);
      await written(context);
      if (!options.watch) return EXIT.ok;
      context.print('');
      await after(interval * 1000);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(EXIT.unreachable, `Redis at ${source.label} does not answer: ${(error as Error).message}`);
  } finally {
    source.close();
  }
}

function authority(file: string | undefined): string | undefined {
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new Failure(EXIT.usage, `The certificate in ${file} cannot be read (${why}).`);
  }
}

/** A pipe takes a large fleet only piece by piece. */
function written({ stdout }: Context): Promise<void> {
  return new Promise((resolve) => stdout.write('', () => resolve()));
}

async function read(reader: FleetReader, before?: Parameters<typeof momentOf>[1]) {
  return momentOf(await reader.read(EVERYTHING), before);
}

function sortColumn(view: ViewName, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const titles = VIEWS[view].columns.map(({ title }) => title);
  const title = titles.find((each) => each.toLowerCase() === given.toLowerCase());
  if (title === undefined) {
    const known = titles.map((each) => each.toLowerCase()).join(', ');
    throw new Failure(EXIT.usage, `The ${view} have no column “${given}”.`, `They have: ${known}.`);
  }
  return title;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.5 && value <= 3600)) throw new InvalidArgumentError('A number of seconds from 0.5 to 3600.');
  return value;
}
