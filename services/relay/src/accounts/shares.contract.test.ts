// What sharing promises, on Postgres and on the Postgres inside the relay alike.
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AccountsWorld, accountsWorlds } from './accounts-worlds.contract.ts';

describe.each(accountsWorlds)('shares on %s', (_, start) => {
  const world = start();
  let at: AccountsWorld;
  const sessionId = randomUUID();
  beforeEach(() => {
    at = world();
  });

  const HOUR = 3_600_000;
  const scene = async () => {
    const [owner, other, stranger] = [await at.person(), await at.person(), await at.person()];
    const { machine } = await at.accounts.createMachine(owner.id, 'box');
    const share = (over: Partial<Parameters<typeof at.accounts.share>[1]> = {}) =>
      at.accounts.share(owner.id, {
        machineId: machine.id,
        sessionId,
        email: other.email,
        role: 'viewer',
        expiresAt: at.now() + HOUR,
        ...over,
      });
    const rolesOf = async (userId: string, session: string | null = sessionId) =>
      (await at.accounts.rightsAt(userId, machine.id, session))?.shares.map(({ role }) => role);
    return { owner, other, stranger, machine, share, rolesOf };
  };

  it('give one user one session, and nobody anything else', async () => {
    const { owner, other, stranger, machine, share, rolesOf } = await scene();
    const made = await share({ email: other.email.toUpperCase() });
    expect(made).toEqual({
      token: null,
      share: {
        ...{ id: expect.any(String), machineId: machine.id, machineName: 'box', sessionId, role: 'viewer' },
        ...{ email: other.email, linkId: null, createdAt: at.now(), expiresAt: at.now() + HOUR },
      },
    });
    expect(await rolesOf(other.id)).toEqual(['viewer']);
    expect(await rolesOf(other.id, randomUUID())).toEqual([]);
    expect(await rolesOf(other.id, null)).toEqual([]);
    expect(await rolesOf(stranger.id)).toEqual([]);
    expect((await at.accounts.rightsAt(other.id, machine.id, null))?.ownerId).toBe(owner.id);
    expect(await at.accounts.rightsAt(owner.id, randomUUID(), sessionId)).toBeNull();
    expect(await at.accounts.machineOf(other.id, machine.id)).toBeNull();
    expect(await at.accounts.machinesOf(other.id)).toEqual([]);
  });

  it('are listed for whoever gave and whoever received', async () => {
    const { owner, other, stranger, machine, share } = await scene();
    const { share: made } = await share();
    const of = { machineId: machine.id, sessionId };
    expect(await at.accounts.sharesGiven(owner.id)).toEqual([made]);
    expect(await at.accounts.sharesGiven(owner.id, of)).toEqual([made]);
    expect(await at.accounts.sharesGiven(owner.id, { ...of, sessionId: randomUUID() })).toEqual([]);
    const { email: _email, linkId: _link, ...same } = made;
    expect(await at.accounts.sharesReceived(other.id)).toEqual([{ ...same, ownerEmail: owner.email }]);
    expect(await at.accounts.sharesReceived(stranger.id)).toEqual([]);
    expect(await at.accounts.sharesGiven(other.id)).toEqual([]);
    await expect(at.accounts.sharesGiven(other.id, of)).rejects.toMatchObject({ code: 'MACHINE_NOT_FOUND' });
  });

  it('with the same user again replace what was', async () => {
    const { owner, other, share, rolesOf, machine } = await scene();
    const first = await share({ role: 'driver' });
    const second = await share({ role: 'viewer', expiresAt: at.now() + 2 * HOUR });
    expect(second.share.id).toBe(first.share.id);
    expect(await rolesOf(other.id)).toEqual(['viewer']);
    expect(await at.accounts.sharesGiven(owner.id)).toHaveLength(1);
    const change = { type: 'rights_changed', userId: other.id, machineId: machine.id, sessionId };
    expect(at.changes).toEqual([change, change]);
  });

  it('end at their time', async () => {
    const { owner, other, share, rolesOf } = await scene();
    const { token } = await share({ email: null });
    await share();
    at.advance(HOUR);
    expect(await rolesOf(other.id)).toEqual([]);
    expect(await at.accounts.sharesReceived(other.id)).toEqual([]);
    expect(await at.accounts.sharesGiven(owner.id)).toEqual([]);
    await expect(at.accounts.acceptShare(other.id, String(token))).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
  });

  it('are withdrawn by the owner, or given back, once; and open sockets hear of it', async () => {
    const { owner, other, stranger, share, rolesOf, machine } = await scene();
    const of = { machineId: machine.id, sessionId };
    const { share: made } = await share();
    for (const wrong of [made.id.toUpperCase(), randomUUID(), 'nonsense']) {
      await expect(at.accounts.withdrawShare(owner.id, of, wrong)).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
    }
    for (const user of [other, stranger]) {
      await expect(at.accounts.withdrawShare(user.id, of, made.id)).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
    }
    await expect(at.accounts.leaveShare(owner.id, made.id)).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
    at.changes.length = 0;
    await at.accounts.withdrawShare(owner.id, of, made.id);
    expect(await rolesOf(other.id)).toEqual([]);
    await expect(at.accounts.withdrawShare(owner.id, of, made.id)).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
    const { share: again } = await share();
    await at.accounts.leaveShare(other.id, again.id);
    expect(await rolesOf(other.id)).toEqual([]);
    const change = { type: 'rights_changed', userId: other.id, machineId: machine.id, sessionId };
    expect(at.changes).toEqual([change, change, change]);
  });

  it('by a link are for each who accepts it, and go with it', async () => {
    const { owner, other, stranger, share, rolesOf, machine } = await scene();
    const { share: link, token } = await share({ email: null, role: 'driver' });
    at.advance(1);
    expect(token).toMatch(/^hms_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/);
    expect(link.email).toBeNull();
    expect(await rolesOf(other.id)).toEqual([]);
    const accepted = await at.accounts.acceptShare(other.id, String(token));
    expect(accepted).toMatchObject({ role: 'driver', sessionId, ownerEmail: owner.email, expiresAt: link.expiresAt });
    expect((await at.accounts.acceptShare(other.id, String(token))).id).toBe(accepted.id);
    at.advance(1);
    await at.accounts.acceptShare(stranger.id, String(token));
    expect(await rolesOf(other.id)).toEqual(['driver']);
    const given = await at.accounts.sharesGiven(owner.id);
    expect(given.map(({ email, linkId }) => [email, linkId])).toEqual([
      [null, null],
      [other.email, link.id],
      [stranger.email, link.id],
    ]);
    at.changes.length = 0;
    await at.accounts.withdrawShare(owner.id, { machineId: machine.id, sessionId }, link.id);
    expect(at.changes.map((change) => change.userId).sort()).toEqual([other.id, stranger.id].sort());
    expect(await rolesOf(other.id)).toEqual([]);
    await expect(at.accounts.acceptShare(other.id, String(token))).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
  });

  it('by a link need its token, of which only a hash is kept', async () => {
    const { other, owner, share } = await scene();
    const token = String((await share({ email: null })).token);
    const wrong = [
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      token.slice(0, -1),
      '',
      'hms_',
      "' or 1=1",
    ];
    wrong.push(token.replace(/_[0-9a-f]{32}_/, `_${'0'.repeat(32)}_`));
    for (const each of wrong) {
      await expect(at.accounts.acceptShare(other.id, each)).rejects.toMatchObject({ code: 'SHARE_NOT_FOUND' });
    }
    await expect(at.accounts.acceptShare(owner.id, token)).rejects.toMatchObject({ code: 'VALIDATION' });
    const dump = JSON.stringify(await at.sql`select * from shares`);
    expect(dump).not.toContain(token.slice(-43));
  });

  it('are refused of a machine of others, with nobody, and with oneself', async () => {
    const { owner, other, machine, share } = await scene();
    const wish = { machineId: machine.id, sessionId, email: null, role: 'viewer', expiresAt: at.now() + HOUR } as const;
    await expect(at.accounts.share(other.id, wish)).rejects.toMatchObject({ code: 'MACHINE_NOT_FOUND' });
    await expect(share({ machineId: "' or 1=1" })).rejects.toMatchObject({ code: 'MACHINE_NOT_FOUND' });
    await expect(share({ sessionId: 'nonsense' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await expect(share({ email: 'nobody@example.org' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(share({ email: owner.email })).rejects.toMatchObject({ code: 'VALIDATION' });
  });

  it('go with their machine, which names those who have to be told', async () => {
    const { owner, other, machine, share } = await scene();
    await share();
    at.changes.length = 0;
    await at.accounts.removeMachine(owner.id, machine.id);
    expect(at.changes).toEqual([
      { type: 'machine_removed', userId: owner.id, machineId: machine.id, sharedWith: [other.id] },
    ]);
    expect(await at.accounts.sharesReceived(other.id)).toEqual([]);
  });
});
