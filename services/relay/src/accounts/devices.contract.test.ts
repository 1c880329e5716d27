// What letting devices in promises, on Postgres and on the Postgres inside the relay alike.
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AccountsWorld, accountsWorlds } from './accounts-worlds.contract.ts';
import { DEVICE_LIFE, MOST_DEVICES, MOST_OF_NETWORK } from './devices.ts';

const ORIGIN = { address: '192.0.2.7', client: 'hermit 1.0' };
const APPROVE = { approve: true, replace: false };
const GONE = { code: 'NOT_FOUND' };

describe.each(accountsWorlds)('devices on %s', (_, start) => {
  const world = start();
  let at: AccountsWorld;
  beforeEach(() => {
    at = world();
  });

  it('show a code, and are let in once when somebody approves it', async () => {
    const user = await at.person();
    const { code, secret, expiresAt } = await at.accounts.startDevice(null, ORIGIN);
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(expiresAt).toBe(at.now() + DEVICE_LIFE);
    expect(await at.accounts.deviceOutcome(secret)).toEqual({ status: 'pending' });
    const typed = ` ${code.toLowerCase().replace('-', ' ')} `;
    expect(await at.accounts.deviceByCode(user.id, typed)).toEqual({
      ...{ ...ORIGIN, machineName: null, createdAt: at.now(), expiresAt, replaces: false },
    });
    await at.accounts.decideDevice(user.id, typed, APPROVE);
    const outcome = await at.accounts.deviceOutcome(secret);
    expect(outcome).toMatchObject({ status: 'login', login: { user } });
    expect((await at.accounts.loginsOf(user.id))[0]).toMatchObject(ORIGIN);
    await expect(at.accounts.deviceOutcome(secret)).rejects.toMatchObject(GONE);
    await expect(at.accounts.decideDevice(user.id, code, APPROVE)).rejects.toMatchObject(GONE);
  });

  it('are let in for one of many who ask at once, and decided by one of many', async () => {
    const [user, other] = [await at.person(), await at.person()];
    const { code, secret } = await at.accounts.startDevice(null, ORIGIN);
    const decided = await Promise.allSettled(
      [user, other, user, other].map(({ id }) => at.accounts.decideDevice(id, code, APPROVE)),
    );
    expect(decided.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => at.accounts.deviceOutcome(secret)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are refused', async () => {
    const user = await at.person();
    const { code, secret } = await at.accounts.startDevice(null, ORIGIN);
    await at.accounts.decideDevice(user.id, code, { approve: false, replace: false });
    expect(await at.accounts.deviceOutcome(secret)).toEqual({ status: 'denied' });
    await expect(at.accounts.deviceOutcome(secret)).rejects.toMatchObject(GONE);
    expect(await at.accounts.loginsOf(user.id)).toEqual([]);
  });

  it('have ten minutes', async () => {
    const user = await at.person();
    const [early, late] = [await at.accounts.startDevice(null, ORIGIN), await at.accounts.startDevice(null, ORIGIN)];
    at.advance(DEVICE_LIFE - 1);
    await at.accounts.decideDevice(user.id, early.code, APPROVE);
    at.advance(1);
    for (const { code, secret } of [early, late]) {
      await expect(at.accounts.deviceByCode(user.id, code)).rejects.toMatchObject(GONE);
      await expect(at.accounts.decideDevice(user.id, code, APPROVE)).rejects.toMatchObject(GONE);
      await expect(at.accounts.deviceOutcome(secret)).rejects.toMatchObject(GONE);
    }
    expect(await at.accounts.tidy()).toBeGreaterThanOrEqual(2);
  });

  it('get the token of a new machine of the name that was approved', async () => {
    const user = await at.person();
    const { code, secret } = await at.accounts.startDevice('box', ORIGIN);
    expect(await at.accounts.deviceByCode(user.id, code)).toMatchObject({ machineName: 'box', replaces: false });
    expect(await at.accounts.decideDevice(user.id, code, APPROVE)).toEqual({ machineName: 'box' });
    const outcome = await at.accounts.deviceOutcome(secret);
    if (outcome.status !== 'machine') throw new Error(outcome.status);
    const { machine, token } = outcome.machine;
    expect(machine).toMatchObject({ name: 'box', userId: user.id });
    expect(await at.accounts.machineByToken(token)).toMatchObject({ id: machine.id });
    expect(await at.accounts.loginsOf(user.id)).toEqual([]);
  });

  it('take the token of a machine that is there only when that was said', async () => {
    const user = await at.person();
    const before = await at.accounts.createMachine(user.id, 'box');
    const { code, secret } = await at.accounts.startDevice('box', ORIGIN);
    expect(await at.accounts.deviceByCode(user.id, code)).toMatchObject({ replaces: true });
    await expect(at.accounts.decideDevice(user.id, code, APPROVE)).rejects.toMatchObject({ code: 'DUPLICATE' });
    expect(await at.accounts.deviceOutcome(secret)).toEqual({ status: 'pending' });
    await at.accounts.decideDevice(user.id, code, { approve: true, replace: true });
    const outcome = await at.accounts.deviceOutcome(secret);
    if (outcome.status !== 'machine') throw new Error(outcome.status);
    expect(outcome.machine.machine.id).toBe(before.machine.id);
    expect(await at.accounts.machineByToken(before.token)).toBeNull();
    expect(at.changes).toEqual([expect.objectContaining({ type: 'machine_token_rotated' })]);
  });

  it('are not spent where no login, and no machine, comes of them', async () => {
    const user = await at.person();
    const [login, box] = [await at.accounts.startDevice(null, ORIGIN), await at.accounts.startDevice('box', ORIGIN)];
    for (const { code } of [login, box]) await at.accounts.decideDevice(user.id, code, APPROVE);
    await expect(at.signingFails().deviceOutcome(login.secret)).rejects.toThrow('no key');
    expect(await at.accounts.deviceOutcome(login.secret)).toMatchObject({ status: 'login', login: { user } });
    const full = at.make({ machinesPerUser: 0 });
    await expect(full.deviceOutcome(box.secret)).rejects.toMatchObject({ code: 'MACHINE_LIMIT' });
    expect(await at.accounts.deviceOutcome(box.secret)).toMatchObject({ status: 'machine', replaced: false });
  });

  describe('who asks for too many', () => {
    const TOO_MANY = { code: 'RATE_LIMITED' };
    const count = async () => {
      const [row] = await at.sql<{ count: number }[]>`select count(*)::int as count from device_requests`;
      return Number(row?.count);
    };
    beforeEach(async () => {
      await at.sql`delete from device_requests`;
    });
    /** Rows as a flood leaves them. */
    const flood = (many: number, network: string) => at.sql`
      insert into device_requests (id, code_hash, secret_hash, client, address, network, created_at, expires_at)
      select gen_random_uuid(), uuid_send(gen_random_uuid()), '', '', '', ${network}, ${new Date(at.now())}::timestamptz,
        ${new Date(at.now() + DEVICE_LIFE)}::timestamptz
      from generate_series(1, ${many}::int)`;

    it('is refused, and nobody elsewhere, until the old ones are over', async () => {
      const [here, there] = [
        { ...ORIGIN, network: 'here' },
        { ...ORIGIN, network: 'there' },
      ] as const;
      await flood(MOST_OF_NETWORK - 1, here.network);
      await at.accounts.startDevice(null, here);
      await expect(at.accounts.startDevice(null, here)).rejects.toMatchObject(TOO_MANY);
      await at.accounts.startDevice(null, there);
      at.advance(DEVICE_LIFE);
      await at.accounts.startDevice(null, here);
    });

    it('from everywhere, fills the table to its bound and no further; what is over makes room', async () => {
      await flood(MOST_DEVICES - 1, 'elsewhere');
      await at.accounts.startDevice(null, ORIGIN);
      await expect(at.accounts.startDevice(null, ORIGIN)).rejects.toMatchObject(TOO_MANY);
      expect(await count()).toBe(MOST_DEVICES);
      at.advance(DEVICE_LIFE);
      await at.accounts.startDevice(null, ORIGIN);
      expect(await count()).toBeLessThan(MOST_DEVICES);
    });
  });

  it.each(['', 'BCDF-BCDF', 'x', '12345678', "' or 1=1 --", '\u0000', 'B'.repeat(1000)])(
    'are not found by %j',
    async (code) => {
      const user = await at.person();
      await at.accounts.startDevice(null, ORIGIN);
      await expect(at.accounts.deviceByCode(user.id, code)).rejects.toMatchObject(GONE);
      await expect(at.accounts.decideDevice(user.id, code, APPROVE)).rejects.toMatchObject(GONE);
      for (const secret of [code, `hmd_${randomUUID()}_${'A'.repeat(43)}`]) {
        await expect(at.accounts.deviceOutcome(secret)).rejects.toMatchObject(GONE);
      }
    },
  );

  it('are kept by hashes of code and secret', async () => {
    const { code, secret } = await at.accounts.startDevice(null, ORIGIN);
    const dump = JSON.stringify(await at.sql`select device_requests::text from device_requests`);
    expect(dump).not.toContain(code.replace('-', ''));
    expect(dump).not.toContain(secret.slice(-43));
  });
});
