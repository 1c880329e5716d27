// What every presence must do, wherever it is kept. Run by presence.contract.test.ts on each adapter.
import { randomUUID } from 'node:crypto';
import type { AttachmentInfo, SessionInfo } from '@hermit/protocol';
import { describe, expect, test, vi } from 'vitest';
import type { Claim, Claimed, PodPresence, Presence, Renewed } from './presence.ts';

/** Milliseconds of the leases in a world: short, so that a test sees them end. */
type Leases = { machine: number; pod: number };

export type PresenceWorld = AsyncDisposable & {
  /** The presence of one pod; all of a world share a store. */
  join(): Promise<Presence>;
  leases: Leases;
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void>;
};

const DEADLINE = { timeout: 10_000, interval: 5 };
const NOW = 1_750_000_000_000;

export function claimOf(overrides: Partial<Claim> = {}): Claim {
  return {
    machineId: randomUUID(),
    userId: randomUUID(),
    name: 'größer — 終端',
    pod: 'pod-1',
    epoch: NOW,
    instanceId: randomUUID(),
    lastEpoch: 0,
    agentVersion: '1.2.3',
    connectedAt: NOW,
    ...overrides,
  };
}

export const claim = (presence: Presence, each: Claim): Promise<Claimed> =>
  new Promise((resolve) => presence.claim(each, resolve));
export const renew = (presence: Presence, each: Claim): Promise<Renewed> =>
  new Promise((resolve) => presence.renew(each, resolve));

export function sessionOf(overrides: Partial<SessionInfo> = {}): SessionInfo {
  const name = 'a "quoted" name';
  const size = { cols: 80, rows: 24, sizePolicy: 'latest' } as const;
  return { id: randomUUID(), name, command: 'bash -l', createdAt: NOW, attachedClients: 1, ...size, ...overrides };
}

export const attachmentOf = (sessionId: string): AttachmentInfo => ({
  id: randomUUID(),
  sessionId,
  userId: randomUUID(),
  pod: 'pod-2',
  since: NOW,
  readOnly: true,
});

export const podOf = (id: string, overrides: Partial<PodPresence> = {}): PodPresence => ({
  id,
  started: NOW,
  version: '1.2.3',
  agents: 3,
  clients: 5,
  sessions: 8,
  attachments: 6,
  draining: false,
  bytesIn: 2 ** 40,
  bytesOut: 7,
  ...overrides,
});

const isOnline = async (presence: Presence, machineId: string) => (await presence.machines([machineId])).has(machineId);

export function presenceContract(name: string, start: (leases?: Leases) => Promise<PresenceWorld>): void {
  describe(`presence: ${name}`, () => {
    test('a machine that is claimed is online, on every pod', async () => {
      await using world = await start();
      const [here, there] = [await world.join(), await world.join()];
      const mine = claimOf();
      expect(await claim(here, mine)).toEqual({ result: 'taken' });
      const [found, nobody] = [await there.machines([mine.machineId]), randomUUID()];
      const { instanceId: _, lastEpoch: __, ...shown } = mine;
      expect(found.get(mine.machineId)).toEqual({ ...shown, lastSeen: expect.any(Number), sessionCount: 0 });
      expect(await isOnline(there, nobody)).toBe(false);
      expect(await there.sessions(nobody)).toEqual([]);
      expect(await there.machines([])).toEqual(new Map());
    });

    test('OWN-1, OWN-6: a claim at or below the stored epoch is refused, and told what is stored', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf({ epoch: Number.MAX_SAFE_INTEGER - 1 });
      await claim(presence, mine);
      const refusal = { result: 'refused', storedEpoch: mine.epoch, storedInstance: mine.instanceId };
      const rival = { ...mine, pod: 'pod-2' };
      expect(await claim(presence, { ...rival, epoch: mine.epoch - 1 })).toEqual(refusal);
      expect(await claim(presence, rival)).toEqual(refusal);
      expect(await claim(presence, { ...mine, instanceId: randomUUID() })).toEqual(refusal);
      expect((await presence.machines([mine.machineId])).get(mine.machineId)?.pod).toBe('pod-1');
      expect(await claim(presence, { ...rival, epoch: mine.epoch + 1 })).toEqual({ result: 'taken' });
      expect((await presence.machines([mine.machineId])).get(mine.machineId)?.pod).toBe('pod-2');
    });

    test('a claim whose answer was lost can be repeated', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      expect(await claim(presence, mine)).toEqual({ result: 'taken' });
      expect(await claim(presence, mine)).toEqual({ result: 'taken' });
    });

    test('OWN-6: an agent that was superseded by another process is refused, however high it reaches', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      await claim(presence, mine);
      const other = { ...mine, instanceId: randomUUID(), epoch: mine.epoch + 10 };
      expect(await claim(presence, other)).toEqual({ result: 'taken' });
      const back = { ...mine, epoch: mine.epoch + 20, lastEpoch: mine.epoch };
      const refusal = { result: 'refused', storedEpoch: other.epoch, storedInstance: other.instanceId };
      expect(await claim(presence, back)).toEqual(refusal);
      // One that has never held the machine is a new start of the agent, and one that held it since may go on.
      expect(await claim(presence, { ...back, lastEpoch: 0, instanceId: randomUUID() })).toEqual({ result: 'taken' });
      expect(await claim(presence, { ...back, epoch: back.epoch + 1, lastEpoch: back.epoch })).toEqual({
        result: 'taken',
      });
      // Its own reconnects are no supersession.
      expect(await claim(presence, { ...back, epoch: back.epoch + 2, lastEpoch: 1 })).toEqual({ result: 'taken' });
    });

    test('of twenty epochs claimed at once from all pods, the greatest holds the machine', async () => {
      await using world = await start();
      const pods = await Promise.all([world.join(), world.join(), world.join()]);
      for (let round = 0; round < 10; round++) {
        const mine = claimOf();
        const rivals = Array.from({ length: 20 }, (_, n) => ({ ...mine, epoch: NOW + n, pod: `pod-${n}` }));
        const shuffled = rivals.toSorted(() => Math.random() - 0.5);
        const answers = await Promise.all(shuffled.map((rival, n) => claim(pods[n % pods.length]!, rival)));
        const greatest = rivals.at(-1)!;
        expect(answers[shuffled.indexOf(greatest)]).toEqual({ result: 'taken' });
        // Whoever was taken and is not the greatest learns so when it renews.
        const renewed = await Promise.all(rivals.map((rival, n) => renew(pods[n % pods.length]!, rival)));
        expect(renewed.filter(({ result }) => result === 'superseded')).toHaveLength(19);
        expect(renewed.at(-1)).toEqual({ result: 'renewed' });
        const found = (await pods[0].machines([mine.machineId])).get(mine.machineId);
        expect(found).toMatchObject({ epoch: greatest.epoch, pod: greatest.pod });
      }
    });

    test('OWN-2: a pod that lost the epoch can neither renew, describe nor release', async () => {
      await using world = await start();
      const [stale, current] = [await world.join(), await world.join()];
      const old = claimOf();
      await claim(stale, old);
      const taken = { ...old, epoch: old.epoch + 1, pod: 'pod-2', instanceId: randomUUID() };
      await claim(current, taken);
      const session = sessionOf();
      current.describe(taken, { sessions: [session], attachments: [] });
      await vi.waitFor(async () => expect(await current.sessions(old.machineId)).toEqual([session]), DEADLINE);

      expect(await renew(stale, old)).toEqual({ result: 'superseded', storedInstance: taken.instanceId });
      stale.describe(old, { sessions: [sessionOf(), sessionOf()], attachments: [] });
      stale.release(old.machineId, old.epoch);
      // What follows on the same connection shows that the others have been seen.
      expect(await claim(stale, old)).toMatchObject({ result: 'refused' });
      expect(await current.sessions(old.machineId)).toEqual([session]);
      const found = (await current.machines([old.machineId])).get(old.machineId);
      expect(found).toMatchObject({ epoch: taken.epoch, pod: 'pod-2', sessionCount: 1 });
    });

    test('renewing keeps a machine online, and says when it was last seen', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      await claim(presence, mine);
      const first = (await presence.machines([mine.machineId])).get(mine.machineId)!;
      for (let n = 0; n < 4; n++) {
        await world.pass(world.leases.machine / 2);
        expect(await renew(presence, mine)).toEqual({ result: 'renewed' });
      }
      const last = (await presence.machines([mine.machineId])).get(mine.machineId)!;
      expect(last.lastSeen - first.lastSeen).toBeGreaterThanOrEqual(2 * world.leases.machine - 20);
      expect(last.connectedAt).toBe(mine.connectedAt);
    });

    test('a lease that is not renewed ends by itself, with all that hangs on it; the epoch stays', async () => {
      await using world = await start();
      const [presence, other] = [await world.join(), await world.join()];
      const mine = claimOf();
      await claim(presence, mine);
      presence.describe(mine, { sessions: [sessionOf()], attachments: [] });
      await vi.waitFor(async () => expect(await other.sessions(mine.machineId)).toHaveLength(1), DEADLINE);
      await presence.close();
      await world.pass(world.leases.machine + 50);
      expect(await isOnline(other, mine.machineId)).toBe(false);
      expect(await other.sessions(mine.machineId)).toEqual([]);
      // OWN-1: a pod that was frozen registers late; the lease is gone, and its epoch is still too low.
      expect(await claim(other, { ...mine, epoch: mine.epoch - 1, pod: 'frozen' })).toMatchObject({
        result: 'refused',
        storedEpoch: mine.epoch,
      });
      expect(await renew(other, { ...mine, epoch: mine.epoch - 1, pod: 'frozen' })).toMatchObject({
        result: 'superseded',
      });
      expect(await isOnline(other, mine.machineId)).toBe(false);
    });

    test('the owner of a lease that ended gets it back by renewing, and describes its sessions anew', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      await claim(presence, mine);
      presence.describe(mine, { sessions: [sessionOf()], attachments: [] });
      await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toHaveLength(1), DEADLINE);
      await world.pass(world.leases.machine + 50);
      expect(await renew(presence, mine)).toEqual({ result: 'rebuilt' });
      expect(await presence.sessions(mine.machineId)).toEqual([]);
      expect((await presence.machines([mine.machineId])).get(mine.machineId)).toMatchObject({ sessionCount: 0 });
      expect(await renew(presence, mine)).toEqual({ result: 'renewed' });
    });

    test('describing replaces what was shown, the latest counts', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      await claim(presence, mine);
      const [first, second, third] = [1, 2, 3].map((n) => sessionOf({ createdAt: NOW + n, title: `"${n}"\n` }));
      presence.describe(mine, { sessions: [first!], attachments: [] });
      presence.describe(mine, { sessions: [first!, second!], attachments: [attachmentOf(first!.id)] });
      const looking = [{ ...attachmentOf(second!.id), since: NOW + 1 }, attachmentOf(third!.id)];
      presence.describe(mine, { sessions: [third!, second!], attachments: looking });
      await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toEqual([second, third]), DEADLINE);
      expect(await presence.attachments(mine.machineId)).toEqual([looking[1], looking[0]]);
      expect((await presence.machines([mine.machineId])).get(mine.machineId)?.sessionCount).toBe(2);
      presence.describe(mine, { sessions: [], attachments: [] });
      await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toEqual([]), DEADLINE);
      expect(await presence.attachments(mine.machineId)).toEqual([]);
      expect((await presence.machines([mine.machineId])).get(mine.machineId)?.sessionCount).toBe(0);
    });

    test('a machine as full as it may be is described', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      await claim(presence, mine);
      const sessions = Array.from({ length: 256 }, (_, n) => sessionOf({ createdAt: n, command: 'x'.repeat(4096) }));
      const attachments = Array.from({ length: 5_000 }, (_, n) => attachmentOf(sessions[n % 256]!.id));
      presence.describe(mine, { sessions, attachments });
      await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toEqual(sessions), DEADLINE);
    });

    test('nothing is described without a lease', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      presence.describe(mine, { sessions: [sessionOf()], attachments: [] });
      expect(await isOnline(presence, mine.machineId)).toBe(false);
      expect(await presence.sessions(mine.machineId)).toEqual([]);
    });

    test('another connection of the same agent keeps what it said of its sessions; another agent starts empty', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      const session = sessionOf();
      await claim(presence, mine);
      presence.describe(mine, { sessions: [session], attachments: [] });
      await vi.waitFor(async () => expect(await presence.sessions(mine.machineId)).toHaveLength(1), DEADLINE);
      const moved = { ...mine, epoch: mine.epoch + 1, pod: 'pod-2' };
      await claim(presence, moved);
      expect(await presence.sessions(mine.machineId)).toEqual([session]);
      expect((await presence.machines([mine.machineId])).get(mine.machineId)).toMatchObject({
        pod: 'pod-2',
        sessionCount: 1,
      });
      await claim(presence, { ...moved, epoch: moved.epoch + 1, instanceId: randomUUID() });
      expect(await presence.sessions(mine.machineId)).toEqual([]);
      expect((await presence.machines([mine.machineId])).get(mine.machineId)?.sessionCount).toBe(0);
    });

    test('releasing takes a machine offline at once, and keeps its epoch', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      await claim(presence, mine);
      presence.release(mine.machineId, mine.epoch);
      await vi.waitFor(async () => expect(await isOnline(presence, mine.machineId)).toBe(false), DEADLINE);
      expect(await claim(presence, { ...mine, epoch: mine.epoch - 1 })).toMatchObject({ result: 'refused' });
      expect(await claim(presence, { ...mine, epoch: mine.epoch + 1 })).toEqual({ result: 'taken' });
    });

    test('callbacks never run inside the call', async () => {
      await using world = await start();
      const presence = await world.join();
      const mine = claimOf();
      let inside = true;
      const outside = await new Promise((resolve) => {
        presence.claim(mine, () => resolve(!inside));
        inside = false;
      });
      inside = true;
      const renewed = await new Promise((resolve) => {
        presence.renew(mine, () => resolve(!inside));
        inside = false;
      });
      expect([outside, renewed]).toEqual([true, true]);
    });

    test('pods are seen while they beat, and no longer than one lease after', async () => {
      await using world = await start();
      const presence = await world.join();
      const [one, other] = [podOf('pod-1'), podOf('pod-2', { draining: true, agents: 0 })];
      const listed = async () => (await presence.pods()).sort((a, b) => a.id.localeCompare(b.id));
      presence.pod(one);
      presence.pod(other);
      await vi.waitFor(async () => expect(await listed()).toEqual([one, other]), DEADLINE);
      await world.pass(world.leases.pod * 0.7);
      const later = { ...one, agents: 4, bytesOut: 8 };
      presence.pod(later);
      await vi.waitFor(async () => expect((await listed())[0]).toEqual(later), DEADLINE);
      await world.pass(world.leases.pod * 0.6);
      expect(await listed()).toEqual([later]);
      presence.removePod('pod-1');
      await vi.waitFor(async () => expect(await listed()).toEqual([]), DEADLINE);
    });

    test('ten thousand machines are claimed, and listed in one go', async () => {
      await using world = await start({ machine: 60_000, pod: 60_000 });
      const presence = await world.join();
      const claims = Array.from({ length: 10_000 }, (_, n) => claimOf({ name: `machine ${n}` }));
      // Some at a time, so that a slow server stays within the deadline.
      for (let at = 0; at < claims.length; at += 250) {
        const answers = await Promise.all(claims.slice(at, at + 250).map((each) => claim(presence, each)));
        expect(answers.every(({ result }) => result === 'taken')).toBe(true);
      }
      const found = await presence.machines([...claims.map(({ machineId }) => machineId), randomUUID()]);
      expect(found.size).toBe(claims.length);
      expect(claims.every(({ machineId, name }) => found.get(machineId)?.name === name)).toBe(true);
    });
  });
}
