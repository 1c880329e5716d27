// `hermit presence` on a Redis without any pod: the table, the live table with its picture, JSON; few rights, many machines.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FleetReader } from '../../../packages/cli/src/presence/fleet-reader.ts';
import { spawnPty } from '../../../services/agent/src/terminal/pty.ts';
import { certificates } from '../../services/certificates.ts';
import { createDataDirectory } from '../../services/data-directory.ts';
import { RedisHouse, type RedisInstance, withRedis } from '../../services/redis-topologies.ts';
import { program } from '../kit/programs.ts';
import { until } from '../kit/wait.ts';
import { FleetOnRedis, manyMachines, type SketchedMachine } from './fleet-on-redis.ts';
import { hermit as hermitItself } from './in-process-hermit.ts';
import { newTerminal, pictureOf, textOf } from './terminal-picture.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PICTURE = `${ROOT}docs/images/presence.svg`;
const HOUR = 3_600_000;

const house = new RedisHouse();
let redis: RedisInstance;
beforeAll(async () => {
  redis = await house.single();
});
afterAll(() => house[Symbol.asyncDispose]());

const hermit = (args: readonly string[], env?: Record<string, string>) => hermitItself(['presence', ...args], env);

const OFFICE: SketchedMachine[] = [
  [
    'buildbox',
    'ann',
    'relay-0',
    210,
    [
      ['release', 'npm run release', 30, 'ann'],
      ['watch', 'htop', 200],
    ],
  ],
  ['gpu-01', 'bea', 'relay-1', 800, [['train', 'python train.py --epochs 90', 70, 'bea', 'ann']]],
  ['gpu-02', 'bea', 'relay-1', 800, [['train', 'python train.py --seed 7', 70]]],
  [
    'homelab',
    'cem',
    'relay-0',
    2_400,
    [
      ['shell', 'zsh', 5, 'cem'],
      ['backup', 'restic backup /srv', 3],
    ],
  ],
  ['laptop-ann', 'ann', 'relay-2', 4, [['notes', 'vim notes.md', 4, 'ann']]],
  [
    'workstation',
    'dov',
    'relay-2',
    90,
    [
      ['agent', 'review', 9, 'dov', 'cem', 'ann'],
      ['tests', 'npm test', 6],
    ],
  ],
  ['web-eu-1', 'ops', 'relay-0', 5_000, [['logs', 'journalctl -f', 50]]],
  ['web-us-1', 'ops', 'relay-1', 5_000, []],
].map(([name, user, pod, hours, sessions]) => ({
  name: name as string,
  user: user as string,
  pod: pod as string,
  since: (hours as number) * HOUR,
  sessions: (sessions as [string, string, number, ...string[]][]).map(([title, command, age, ...viewers]) => ({
    name: title,
    command,
    ago: age * HOUR,
    viewers: viewers.map((viewer, n) => ({ user: viewer, pod: `relay-${n % 3}`, ago: 3 * HOUR, readOnly: n > 0 })),
  })),
}));

async function office(prefix: string): Promise<FleetOnRedis> {
  const fleet = new FleetOnRedis(redis.url, prefix);
  await fleet.add(OFFICE);
  for (const [n, id] of ['relay-0', 'relay-1', 'relay-2'].entries()) {
    const bytes = { bytesIn: (n + 1) * 2 ** 30, bytesOut: (n + 1) * 2 ** 34 };
    fleet.pod({ id, ago: (300 + n) * HOUR, clients: 3 + n, draining: n === 2, ...bytes });
  }
  await until('the pods are there', async () => (await fleet.presence.pods()).length === 3);
  return fleet;
}

describe('a table, once', () => {
  test('shows pods, machines, sessions and attachments, without colours when it is no terminal', async () => {
    await using _ = await office('a:');
    const { code, out, err } = await hermit(['--redis', redis.url, '--prefix', 'a:']);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain('\u001b');
    expect(out.split('\n')[0]).toBe('Pods 3 (1 draining)   Machines 8   Sessions 10   Attached 8   Clients 12');
    expect(out).toMatch(/^relay-2 +draining +2 +3 +5 +1 +12 d +1\d s +0\.1\.0$/m);
    expect(out).toMatch(/^gpu-01 +1 +2 +relay-1 +33 d +2\d s/m);
    expect(out).toMatch(/^gpu-01 +train +running +2 +python train\.py --epochs 90 +120x40 +2 d/m);
    expect(out).toMatch(/^gpu-01 +[0-9a-f]{8} +look +[0-9a-f]{8} +relay-1 +relay-1 +3 h/m);
  });

  test('filters', async () => {
    await using _ = await office('b:');
    const { out } = await hermit(['--redis', redis.url, '--prefix', 'b:', '--filter', 'GPU']);
    expect(out).toContain('gpu-02');
    expect(out).not.toContain('buildbox');
  });

  test('is JSON for programs, with all there is', async () => {
    await using _ = await office('c:');
    const { out } = await hermit(['--json', '--prefix', 'c:'], { HERMIT_REDIS_URL: redis.url });
    const fleet = JSON.parse(out);
    expect(fleet).toMatchObject({ contract: 1, at: expect.any(Number) });
    expect([fleet.pods, fleet.machines, fleet.sessions, fleet.attachments].map((list) => list.length)).toEqual([
      3, 8, 10, 8,
    ]);
    const train = fleet.sessions.find((session: { command: string }) => session.command.includes('epochs'));
    expect(train).toMatchObject({ name: 'train', attachedClients: 2, cols: 120 });
    const machine = fleet.machines.find(({ id }: { id: string }) => id === train.machineId);
    expect(machine).toMatchObject({ name: 'gpu-01', pod: 'relay-1', sessionCount: 1, attachmentCount: 2 });
  });

  test('needs no more rights than docs/redis.md gives to a dashboard', async () => {
    const document = readFileSync(`${ROOT}docs/redis.md`, 'utf8');
    const rule = /<!-- acl: dashboard -->\n```\n(.*?)\n```/s.exec(document)?.[1] as string;
    const [command, ...words] = rule.replaceAll('hermit:', 'd:').replace('PASSWORD', 'pass:word').trim().split(/\s+/);
    await withRedis(redis.port, (client) => client.call(command as string, ...words));
    await using _ = await office('d:');
    const url = `redis://dashboard:${encodeURIComponent('pass:word')}@127.0.0.1:${redis.port}`;
    const { code, out, err } = await hermit(['--redis', url, '--prefix', 'd:']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Machines 8');
    await withRedis(redis.port, async (client) => expect(await client.call('ACL', 'LOG')).toEqual([]));
  });

  test('of a prefix where nothing is', async () => {
    const { code, out } = await hermit(['--redis', redis.url, '--prefix', 'nobody:']);
    expect([code, out.split('\n')[1]]).toEqual([0, 'Nothing is online.']);
  });

  test.each([
    [['--redis', 'redis://:hunter22@127.0.0.1:1'], 5, 'Redis at 127.0.0.1:1 cannot be reached: connect ECONNREFUSED'],
    [['--redis', 'localhost'], 2, 'begins with redis:// or rediss://'],
    [[], 2, 'Which Redis?'],
    [['--redis', 'redis://x', '--sort', 'beauty'], 2, 'have no column “beauty”'],
    [['--redis', 'redis://x', '--watch', '--json'], 2, 'cannot be used with'],
    [['--redis', 'redis://x', '--interval', '0.1'], 2, 'from 0.5 to 3600'],
  ])('%j ends with %d, and no password', async (args, expected, said) => {
    const { code, err } = await hermit(args);
    expect(err).toContain(said);
    expect(err).not.toContain('hunter22');
    expect(code).toBe(expected);
  });
});

describe('other kinds of Redis', () => {
  test('a Cluster, whose shards each have a part', async () => {
    const { urls } = await house.cluster({ masters: 3 });
    await using fleet = new FleetOnRedis({ mode: 'cluster', urls }, 'hermit:');
    await fleet.add(OFFICE);
    const { code, out, err } = await hermit(['--redis', urls.join(','), '--redis-mode', 'cluster']);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')[0]).toBe('Pods 0   Machines 8   Sessions 10   Attached 8   Clients 0');
  });

  test('one behind a Sentinel', async () => {
    const { url, name } = await house.sentinel();
    await using fleet = new FleetOnRedis({ mode: 'sentinel', urls: [url], sentinelName: name }, 'hermit:');
    await fleet.add(OFFICE);
    const { code, out, err } = await hermit(['--redis', url, '--redis-mode', 'sentinel', '--sentinel-name', name]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Machines 8');
  });

  test('one behind a Sentinel, both with TLS of an authority of one’s own and passwords of their own', async () => {
    await using files = await createDataDirectory();
    await certificates(files.path, 'good');
    await certificates(files.path, 'other');
    const { url, name } = await house.secureSentinel(files.path, 'good');
    const ca = `${files.path}/good-ca.crt`;
    const settings = { mode: 'sentinel' as const, urls: [url], sentinelName: name, ca: readFileSync(ca, 'utf8') };
    await using fleet = new FleetOnRedis(settings, 'hermit:');
    await fleet.add(OFFICE);
    const args = ['--redis', url, '--redis-mode', 'sentinel', '--sentinel-name', name];
    const { code, out, err } = await hermit([...args, '--redis-ca', ca]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Machines 8');
    const stranger = await hermit([...args, '--redis-ca', `${files.path}/other-ca.crt`]);
    expect([stranger.code, stranger.err]).toEqual([5, expect.stringContaining('cannot be reached')]);
    const nowhere = await hermit([...args, '--redis-ca', `${files.path}/none.crt`]);
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('cannot be read (ENOENT)')]);
  });
});

test('a fleet whose leases are renewed while pages are turned is read whole', async () => {
  const count = 5_000;
  const key = 'moving:machines:online';
  const writer = new Redis(redis.url);
  const reader = new Redis(redis.url);
  await using stack = new AsyncDisposableStack();
  for (const each of [writer, reader]) stack.defer(() => each.disconnect());
  const soon = Date.now() + 20_000;
  const all = Array.from({ length: count }, (_, n) => `machine-${n}`);
  await writer.zadd(key, ...all.flatMap((id, n) => [soon + n, id]));
  const fill = writer.pipeline();
  for (const id of all) fill.hset(`moving:machine:{${id}}`, 'userId', 'u', 'name', id, 'pod', 'p');
  await fill.exec();
  // Between two pages those that are due next are renewed, as many as a thousandth of a second brings.
  let due = 0;
  const zrange = reader.zrange.bind(reader) as (...words: unknown[]) => Promise<string[]>;
  reader.zrange = (async (...words: unknown[]) => {
    const page = await zrange(...words);
    const renewed = all.slice(due, due + 40);
    due += renewed.length;
    if (words[0] === key) await writer.zadd(key, ...renewed.flatMap((id, n) => [soon + 30_000 + due + n, id]));
    return page;
  }) as typeof reader.zrange;
  const { machines } = await new FleetReader(reader, 'moving:').read({ sessions: false, attachments: false });
  expect(new Set(machines.map(({ id }) => id)).size).toBe(count);
  expect(machines).toHaveLength(count);
});

test('ten thousand machines: no KEYS, no SCAN, and little for each', async () => {
  const large = await house.single();
  await using fleet = new FleetOnRedis(large.url, 'hermit:');
  await fleet.add(manyMachines(10_000, ['relay-0', 'relay-1']));
  await withRedis(large.port, async (client) => {
    await client.config('RESETSTAT');
  });
  const { out } = await hermit(['--redis', large.url, '--json']);
  const { machines, sessions } = JSON.parse(out);
  expect([machines.length, sessions.length]).toEqual([10_000, 2_500]);
  await withRedis(large.port, async (client) => {
    const used = await client.info('commandstats');
    const reading = new Map(
      [...used.matchAll(/cmdstat_([a-z|]+):calls=(\d+),usec=(\d+)/g)].map((m) => [m[1], m] as const),
    );
    for (const name of ['keys', 'scan', 'zscan', 'hscan', 'smembers'])
      expect([name, reading.has(name)]).toEqual([name, false]);
    expect(Number(reading.get('zrange')?.[2])).toBeLessThan(20);
    // Two small questions for each machine, and one more for each that has sessions, each about one key.
    const calls = [...reading.values()].reduce((sum, m) => sum + Number(m[2]), 0);
    expect(calls).toBeLessThan(2 * 10_000 + 2 * 2_500 + 100);
  });
});

describe('the live table', () => {
  /** A terminal that runs `hermit presence --watch`. */
  async function watching(prefix: string, url = redis.url) {
    const size = { cols: 108, rows: 22 };
    const terminal = newTerminal(size.cols, size.rows);
    const { PATH = '', HOME = '/' } = process.env;
    const args = [program('hermit'), 'presence', '--watch', '--interval', '0.5'];
    const pty = spawnPty({
      command: process.execPath,
      args: [...args, '--redis', url, '--prefix', prefix],
      cwd: ROOT,
      env: { PATH, HOME, TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      size,
    });
    let exit: number | null | undefined;
    pty.onData((bytes) => terminal.write(bytes));
    pty.onExit(({ exitCode }) => {
      exit = exitCode;
    });
    const text = () => textOf(terminal).join('\n');
    return {
      terminal,
      pty,
      text,
      type: (keys: string) => pty.write(Buffer.from(keys)),
      shows: (words: string | RegExp) =>
        until(`${words} appears\n${text()}`, () =>
          typeof words === 'string' ? text().includes(words) : words.test(text()),
        ),
      ended: () => until('it ends', () => exit !== undefined).then(() => exit),
      [Symbol.dispose]: () => pty.kill('SIGKILL'),
    };
  }

  test('is sorted, filtered and left by keys, and gives the terminal back', async () => {
    await using _ = await office('e:');
    using watch = await watching('e:');
    await watch.shows(/buildbox +2 +1 +relay-0/);
    expect(watch.terminal.buffer.active.type).toBe('alternate');
    watch.type('2');
    await watch.shows('journalctl -f');
    watch.type('/gpu\r');
    await watch.shows('2 rows');
    watch.type('3\u001b');
    await watch.shows('8 rows');
    watch.pty.resize({ cols: 90, rows: 18 });
    watch.terminal.resize(90, 18);
    await watch.shows(/q quit.*$/);
    watch.type('q');
    expect(await watch.ended()).toBe(0);
    expect(watch.terminal.buffer.active.type).toBe('normal');
  });

  test('goes on when Redis is away, and when it is back', async () => {
    const own = await house.single();
    const fleet = new FleetOnRedis(own.url, 'f:');
    await fleet.add(OFFICE);
    await fleet[Symbol.asyncDispose]();
    using watch = await watching('f:', own.url);
    await watch.shows('buildbox');
    own.process.kill('SIGKILL');
    await watch.shows('Redis does not answer');
    await watch.shows('buildbox');
    const again = await house.single({ port: own.port });
    await watch.shows('Nothing is online.');
    await again.stop();
    watch.type('\u0003');
    expect(await watch.ended()).toBe(0);
  });

  test('looks as in the picture of the documentation (HERMIT_PICTURES=1 takes a new one)', async () => {
    await using fleet = await office('hermit:');
    using watch = await watching('hermit:');
    await watch.shows('workstation');
    let round = 0;
    const beat = setInterval(() => {
      round++;
      for (const [n, id] of ['relay-0', 'relay-1', 'relay-2'].entries()) {
        const bytes = { bytesIn: (n + 1) * (2 ** 30 + round * 9_000), bytesOut: (n + 1) * (2 ** 34 + round * 1.3e6) };
        fleet.pod({ id, ago: 300 * HOUR, clients: 3 + n, draining: n === 2, ...bytes });
      }
    }, 200);
    using _ = { [Symbol.dispose]: () => clearInterval(beat) };
    await watch.shows(/(MB\/s.*\s.*){3}/s);
    watch.type('>>'); // by who is attached
    await watch.shows('ATTACHED▼');
    watch.type('p');
    await watch.shows('stopped at');
    const picture = pictureOf(watch.terminal, 'hermit presence --watch');
    if (process.env.HERMIT_PICTURES) {
      mkdirSync(`${ROOT}docs/images`, { recursive: true });
      writeFileSync(PICTURE, picture);
    }
    expect(words(picture)).toEqual(words(readFileSync(PICTURE, 'utf8')));
    watch.type('q');
    expect(await watch.ended()).toBe(0);
  });
});

/** What stands in a picture, without what changes with the time and the place. */
function words(picture: string): string[] {
  return [...picture.matchAll(/<text[^>]*>([^<]*)</g)]
    .map(([, text]) =>
      (text as string)
        .replace(/\d+(:\d+)+/g, 'N')
        .replace(/[\d.]+ ([KMG]?B\/s|s|min|h|d)\b/g, 'N')
        .replace(/\s+/g, ' '),
    )
    .filter((text) => !/^N?( ?N)*$/.test(text.trim()));
}
