// docs/redis.md is a contract: what it says of keys, fields, leases, access rules and examples is what the pods do.
import { readFileSync } from 'node:fs';
import { MACHINE_FIELDS, namesOf, POD_FIELDS, PRESENCE_VERSION } from '@hermit/protocol';
import { Redis } from 'ioredis';
import { afterAll, expect, test, vi } from 'vitest';
import { RedisHouse, withRedis } from '../../../../test/services/redis-topologies.ts';
import { published, subscribed } from '../bus/bus.contract.ts';
import { RedisBus } from '../bus/bus-redis.ts';
import { untilHealthy } from '../bus/redis-worlds.contract.ts';
import { MemoryHitCounter } from '../limits/hit-counter-memory.ts';
import { RedisHitCounter } from '../limits/hit-counter-redis.ts';
import { RedisConnections } from '../redis/redis-connection.ts';
import { redisNames } from '../redis/redis-names.ts';
import { attachmentOf, claim, claimOf, podOf, renew, sessionOf } from './presence.contract.ts';
import { RedisPresence } from './presence-redis.ts';
import { untilAvailable } from './presence-worlds.contract.ts';

const DEADLINE = { timeout: 10_000, interval: 10 };
const document = readFileSync(new URL('../../../../docs/redis.md', import.meta.url), 'utf8');
const names = redisNames('hermit:');

const house = new RedisHouse();
afterAll(() => house[Symbol.asyncDispose]());

/** The code blocks that follow a comment `<!-- name -->`, as lines. */
const blocks = (name: string) =>
  [...document.matchAll(new RegExp(`<!-- ${name} -->\\n\`\`\`\\n(.*?)\\n\`\`\``, 'gs'))].map(([, text]) => text!);

/** The rows of the table under a heading, without its head; cells without their back quotes. */
function table(heading: string): string[][] {
  const section = document.split(/^#+ /m).find((each) => each.startsWith(`${heading}\n`));
  const rows = (section ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );
}

const words = (acl: string) => acl.replace('PASSWORD', 'secret').trim().split(/\s+/) as [string, ...string[]];

/** A server that only lets in who the document describes, besides the test. */
async function guarded() {
  const redis = await house.single();
  const relay = `redis://hermit:secret@127.0.0.1:${redis.port}`;
  const settings = { mode: 'single', urls: [relay], prefix: 'hermit:' } as const;
  await withRedis(redis.port, async (client) => {
    for (const acl of [...blocks('acl: relay'), ...blocks('acl: dashboard')]) {
      const [command, ...rest] = words(acl);
      await client.call(command, ...rest);
    }
  });
  return { port: redis.port, settings };
}

async function pod(settings: Parameters<typeof connect>[0], id: string) {
  const connections = connect(settings, id);
  const presence = new RedisPresence(connections);
  await untilAvailable(presence);
  return { presence, connections };
}

const connect = (settings: ConstructorParameters<typeof RedisConnections>[0], podId: string) =>
  new RedisConnections(settings, { podId });

/** One pod, one machine with a session that is looked at: every key there is. */
async function populate(settings: Parameters<typeof connect>[0]) {
  const { presence, connections } = await pod(settings, 'pod-1');
  const mine = claimOf();
  const session = sessionOf({ title: 'vim', exit: { exitCode: 7, signal: null } });
  expect(await claim(presence, mine)).toEqual({ result: 'taken' });
  presence.describe(mine, { sessions: [session], attachments: [attachmentOf(session.id)] });
  presence.pod(podOf('pod-1'));
  await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toHaveLength(1), DEADLINE);
  await vi.waitFor(async () => expect(await presence.pods()).toHaveLength(1), DEADLINE);
  const limits = new RedisHitCounter(connections, new MemoryHitCounter());
  expect(await limits.hit('login:who', 60_000)).toMatchObject({ count: 1 });
  return { presence, connections, limits, mine };
}

const named = (text: string, { machineId, userId }: { machineId: string; userId: string }) =>
  text
    .replaceAll('{M}', `{${machineId}}`)
    .replaceAll('$MACHINE', machineId)
    .replaceAll(':U:', `:${userId}:`)
    .replace(':R:W', ':login:who')
    .replaceAll('$USER', userId)
    .replace(/:P$/, ':pod-1')
    .replaceAll('$POD', 'pod-1')
    .replaceAll('$NOW', `${Date.now()}`);

test('it is of the version that the pods write', () => {
  expect(/^Version (\d+) of the contract/m.exec(document)?.[1]).toBe(`${PRESENCE_VERSION}`);
});

test('the keys, their types, fields and leases are what it says, and there are no others', async () => {
  const { port, settings } = await guarded();
  const { presence, connections, mine } = await populate(settings);
  const milliseconds: Record<string, number> = { s: 1_000, days: 86_400_000 };
  const described = table('Keys').map(([key, type, , lease]) => {
    const [count, unit] = lease!.split(' ') as [string, string];
    return {
      key: named(key!, mine),
      type: type!.replace('sorted set', 'zset'),
      lease: Number(count) * milliseconds[unit]!,
    };
  });
  try {
    await withRedis(port, async (client) => {
      // The sorted sets follow within a moment.
      await vi.waitFor(
        async () => expect((await client.keys('*')).sort()).toEqual(described.map(({ key }) => key).sort()),
        DEADLINE,
      );
      for (const { key, type, lease } of described) {
        expect([key, await client.type(key)]).toEqual([key, type]);
        const left = await client.pttl(key);
        expect(left).toBeGreaterThan(lease - 10_000);
        expect(left).toBeLessThanOrEqual(lease);
      }
      for (const [heading, key, described] of [
        ['`hermit:machine:{M}`', names.machine(mine.machineId), namesOf(MACHINE_FIELDS)],
        ['`hermit:machine:{M}:epoch`', names.machineEpoch(mine.machineId), ['epoch', 'instance', 'pod']],
        ['`hermit:pod:P`', names.pod('pod-1'), namesOf(POD_FIELDS)],
      ] as const) {
        const fields = table(heading).map(([field]) => field);
        expect(fields).toEqual(described);
        expect((await client.hkeys(key)).sort()).toEqual(fields.sort());
      }
      expect(await client.hget(names.machine(mine.machineId), 'contract')).toBe(`${PRESENCE_VERSION}`);
      for (const [title, key] of [
        ['SessionInfo', names.machineSessions(mine.machineId)],
        ['AttachmentInfo', names.machineAttachments(mine.machineId)],
      ] as const) {
        const paragraph = document.split(`\`${title}\`: `)[1]!.split(/`AttachmentInfo`|Fields may/)[0]!;
        const fields = [...paragraph.matchAll(/`(\w+)`/g)].map(([, field]) => field!);
        const [json] = await client.hvals(key);
        const value = JSON.parse(json!) as Record<string, unknown>;
        const all = [...Object.keys(value), ...Object.keys((value.exit as object | undefined) ?? {})];
        expect(all.sort()).toEqual(fields.sort());
      }
    });
  } finally {
    await presence.close();
    connections.close();
  }
});

test('the channels are those that the code names', () => {
  const channels = table('Channels').map(([channel]) => channel);
  const expected = [
    names.machineChannel('M'),
    names.sessionChannel('M', 'S'),
    names.userChannel('U'),
    names.podChannel('P'),
    names.podProbe('P'),
    names.revocations,
  ];
  expect(channels).toEqual(expected);
});

test('a user with the access rules for the relay can do all that the relay does', async () => {
  const { port, settings } = await guarded();
  const { presence, connections, limits, mine } = await populate(settings);
  const bus = new RedisBus(connections);
  try {
    await untilHealthy(bus);
    for (const channel of [names.machineChannel('m'), names.sessionChannel('m', 's'), names.userChannel('u')]) {
      await subscribed(bus, channel, () => {});
      expect(await published(bus, channel, 'x')).toBe(1);
      bus.unsubscribe(channel);
    }
    for (const channel of [names.podChannel('pod-1'), names.revocations]) await subscribed(bus, channel, () => {});
    expect(await renew(presence, mine)).toEqual({ result: 'renewed' });
    expect((await presence.machines([mine.machineId])).size).toBe(1);
    presence.release(mine.machineId, mine.epoch);
    presence.removePod('pod-1');
    expect(await limits.read('login:who')).toMatchObject({ count: 1 });
    await limits.forget('login:who');
    await presence.close();
    await withRedis(port, async (client) => {
      expect(await client.keys('*')).toEqual([names.machineEpoch(mine.machineId)]);
      const denied = (await client.call('ACL', 'LOG')) as unknown[];
      expect(denied).toEqual([]);
    });
  } finally {
    await bus.close();
    connections.close();
  }
});

test('the same in a cluster', async () => {
  const cluster = await house.cluster({ masters: 3 });
  for (const { port } of cluster.nodes) {
    const [command, ...rest] = words(blocks('acl: relay')[0]!);
    await withRedis(port, (client) => client.call(command, ...rest));
  }
  const urls = cluster.urls.map((url) => url.replace('redis://', 'redis://hermit:secret@'));
  const { presence, connections, mine } = await populate({ mode: 'cluster', urls, prefix: 'hermit:' });
  const bus = new RedisBus(connections);
  try {
    await untilHealthy(bus);
    await subscribed(bus, names.machineChannel(mine.machineId), () => {});
    expect(await published(bus, names.machineChannel(mine.machineId), 'x')).toBe(1);
    presence.release(mine.machineId, mine.epoch);
    await presence.close();
    for (const { port } of cluster.nodes) {
      expect(await withRedis(port, (client) => client.call('ACL', 'LOG'))).toEqual([]);
    }
  } finally {
    await bus.close();
    connections.close();
  }
});

test('those rules allow nothing else: a foreign channel is refused, and the others do not suffer', async () => {
  const { settings } = await guarded();
  const connections = connect(settings, 'pod-1');
  const refused: string[] = [];
  const bus = new RedisBus(connections, { observer: { refused: (channel) => refused.push(channel) } });
  try {
    const confirmed: string[] = [];
    const good = Array.from({ length: 20 }, (_, n) => names.machineChannel(`m${n}`));
    // In one breath, so that they are asked for in one command.
    for (const channel of [...good.slice(0, 10), 'foreign', ...good.slice(10)]) {
      bus.subscribe(
        channel,
        () => {},
        () => confirmed.push(channel),
      );
    }
    await vi.waitFor(() => expect(confirmed.toSorted()).toEqual(good.toSorted()), DEADLINE);
    await untilHealthy(bus);
    expect(refused[0]).toBe('foreign');
    expect(await published(bus, 'foreign', 'x')).toBe(null);
    expect(await published(bus, good[0]!, 'x')).toBe(1);
    await expect(connections.commands.get('foreign')).rejects.toThrow('NOPERM');
    await expect(connections.commands.flushall()).rejects.toThrow('NOPERM');
  } finally {
    await bus.close();
    connections.close();
  }
});

test('the examples work for the dashboard user, who cannot write', async () => {
  const { port, settings } = await guarded();
  const { presence, connections, mine } = await populate(settings);
  const dashboard = new Redis(`redis://dashboard:secret@127.0.0.1:${port}`);
  try {
    await presence.close();
    const lines = blocks('example').flatMap((block) => block.split('\n'));
    expect(lines.length).toBeGreaterThan(6);
    for (const line of lines) {
      const [command, ...rest] = named(line, mine).split(' ') as [string, ...string[]];
      const answer = await dashboard.call(command, ...rest);
      const found = Array.isArray(answer) ? answer.length : Number(answer);
      expect([line, found > 0]).toEqual([line, true]);
    }
    await expect(dashboard.del(names.pods)).rejects.toThrow('NOPERM');
    await expect(dashboard.subscribe(names.machineChannel('m'))).rejects.toThrow('NOPERM');
    await expect(dashboard.get('foreign')).rejects.toThrow('NOPERM');
  } finally {
    dashboard.disconnect();
    connections.close();
  }
});
