// What accounts promise, on Postgres and on the Postgres inside the relay alike.
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { REFRESH_SECONDS } from '../auth/tokens.ts';
import type { Accounts, AccountsChange, User } from './accounts.ts';
import { type AccountsWorld, accountsWorlds, PASSWORD } from './accounts-worlds.contract.ts';
import { createPasswords } from './passwords.ts';

describe.each(accountsWorlds)('accounts on %s', (_, start) => {
  const world = start();
  let at: AccountsWorld;
  let accounts: Accounts;
  let changes: AccountsChange[];
  let serial = 0;
  const address = () => `user-${++serial}@example.org`;
  const person = (): Promise<User> => accounts.register({ email: address(), password: PASSWORD });
  beforeEach(() => {
    at = world();
    ({ accounts, changes } = at);
  });

  describe('users', () => {
    it('have one account for each address, in whatever case', async () => {
      const email = address();
      const user = await accounts.register({ email, password: PASSWORD });
      expect(user).toMatchObject({ email, id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
      const again = accounts.register({ email: email.toUpperCase(), password: PASSWORD });
      await expect(again).rejects.toMatchObject({ code: 'DUPLICATE' });
      expect(await accounts.authenticate({ email: email.toUpperCase(), password: PASSWORD })).toEqual(user);
      expect(await accounts.userById(user.id)).toEqual(user);
    });

    it('who register at once with the same address: one of them wins', async () => {
      const email = address();
      const tries = Array.from({ length: 8 }, (_, i) =>
        accounts.register({ email: i % 2 ? email : email.toUpperCase(), password: PASSWORD }),
      );
      const outcomes = await Promise.allSettled(tries);
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'DUPLICATE' });
      }
    });

    it('with a wrong password, and without an account, are told the same', async () => {
      const user = await person();
      const wrong = await accounts.authenticate({ email: user.email, password: 'wrong' }).catch((e) => e);
      const nobody = await accounts.authenticate({ email: address(), password: PASSWORD }).catch((e) => e);
      expect(wrong).toMatchObject({ code: 'INVALID_CREDENTIALS' });
      expect({ ...nobody, message: nobody.message }).toEqual({ ...wrong, message: wrong.message });
    });

    it('are stored with a hash alone, made anew at the next log-in when its cost has changed', async () => {
      const user = await person();
      const stored = async () =>
        (await at.sql`select password_hash from users where id = ${user.id}`)[0]?.password_hash as string;
      expect(await stored()).toMatch(/^\$argon2id\$.*\bt=2\b/);
      const dearer = at.make({
        passwords: createPasswords({ cost: { memoryCost: 1024, timeCost: 3, parallelism: 1 } }),
      });
      await dearer.authenticate({ email: user.email, password: PASSWORD });
      expect(await stored()).toMatch(/^\$argon2id\$.*\bt=3\b/);
      await expect(dearer.authenticate({ email: user.email, password: PASSWORD })).resolves.toEqual(user);
    });

    it('do not register where registration is closed, or by invitation only', async () => {
      await person();
      const credentials = { email: address(), password: PASSWORD };
      for (const registration of ['closed', 'invite'] as const) {
        await expect(at.make({ registration }).register(credentials)).rejects.toMatchObject({
          code: 'REGISTRATION_CLOSED',
        });
      }
    });

    it('with an id that is none are nobody', async () => {
      expect(await accounts.userById("' or 1=1 --")).toBeNull();
      expect(await accounts.userById(randomUUID())).toBeNull();
    });
  });

  describe('logins', () => {
    it('go on with each new refresh token', async () => {
      const user = await person();
      let login = await accounts.openLogin(user);
      for (let i = 0; i < 3; i++) {
        const next = await accounts.renewLogin(login.refreshToken);
        expect(next.user).toEqual(user);
        expect(next.refreshToken).not.toBe(login.refreshToken);
        login = next;
      }
      expect(changes).toEqual([]);
    });

    it('end, all of their tokens, when a token is used twice', async () => {
      const user = await person();
      const other = await accounts.openLogin(user);
      const first = await accounts.openLogin(user);
      const second = await accounts.renewLogin(first.refreshToken);
      await expect(accounts.renewLogin(first.refreshToken)).rejects.toMatchObject({
        code: 'INVALID_TOKEN',
        message: expect.stringContaining('used before'),
      });
      await expect(accounts.renewLogin(second.refreshToken)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
      expect(changes).toEqual([{ type: 'logins_ended', userId: user.id, loginIds: [expect.any(String)] }]);
      await expect(accounts.renewLogin(other.refreshToken)).resolves.toMatchObject({ user });
    });

    it('end when a token is used twice at the same moment', async () => {
      const { refreshToken } = await accounts.openLogin(await person());
      const outcomes = await Promise.allSettled([accounts.renewLogin(refreshToken), accounts.renewLogin(refreshToken)]);
      const renewed = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(renewed).toHaveLength(1);
      await expect(accounts.renewLogin(renewed[0]!.value.refreshToken)).rejects.toMatchObject({
        code: 'INVALID_TOKEN',
      });
    });

    it('end after 7 days without renewal', async () => {
      const { refreshToken } = await accounts.openLogin(await person());
      at.advance(REFRESH_SECONDS * 1000);
      await expect(accounts.renewLogin(refreshToken)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    });

    it('end at log-out, once; elsewhere they go on', async () => {
      const user = await person();
      const [here, there] = [await accounts.openLogin(user), await accounts.openLogin(user)];
      await accounts.endLogin(here.refreshToken);
      await accounts.endLogin(here.refreshToken);
      expect(changes).toHaveLength(1);
      await expect(accounts.renewLogin(here.refreshToken)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
      await expect(accounts.renewLogin(there.refreshToken)).resolves.toMatchObject({ user });
    });

    it('end everywhere', async () => {
      const user = await person();
      const logins = [await accounts.openLogin(user), await accounts.openLogin(user)];
      await accounts.endLoginsOf(user.id);
      expect(changes).toEqual([{ type: 'logins_ended', userId: user.id, loginIds: null }]);
      for (const login of logins) {
        await expect(accounts.renewLogin(login.refreshToken)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
      }
    });

    it('are listed for their user, the one used last first, and ended one by one', async () => {
      const [user, other] = [await person(), await person()];
      const origin = { address: '192.0.2.1', client: 'hermit 1.0' };
      const first = await accounts.openLogin(user, origin);
      at.advance(1_000);
      await accounts.openLogin(user);
      at.advance(1_000);
      await accounts.renewLogin(first.refreshToken, { address: '192.0.2.2', client: 'another' });
      const logins = await accounts.loginsOf(user.id);
      expect(logins).toEqual([
        {
          ...{ id: decodeJwt(first.accessToken).sid, address: '192.0.2.2', client: 'hermit 1.0' },
          ...{ createdAt: at.now() - 2_000, lastUsedAt: at.now(), expiresAt: expect.any(Number) },
        },
        expect.objectContaining({ address: '', client: '', createdAt: at.now() - 1_000 }),
      ]);
      expect(Math.abs(Number(logins[0]?.expiresAt) - at.now() - REFRESH_SECONDS * 1000)).toBeLessThan(1_000);
      const [id, left] = logins.map((login) => login.id) as [string, string];
      for (const wrong of [id.toUpperCase(), 'nonsense', randomUUID()]) {
        await expect(accounts.endLoginById(user.id, wrong)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
      await expect(accounts.endLoginById(other.id, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await accounts.endLoginById(user.id, id);
      expect(changes).toEqual([{ type: 'logins_ended', userId: user.id, loginIds: [id] }]);
      expect((await accounts.loginsOf(user.id)).map((login) => login.id)).toEqual([left]);
    });

    it('end everywhere but here', async () => {
      const user = await person();
      const [here, there] = [await accounts.openLogin(user), await accounts.openLogin(user)];
      const id = String(decodeJwt(here.accessToken).sid);
      await accounts.endLoginsOf(user.id, id);
      expect(changes).toEqual([
        { type: 'logins_ended', userId: user.id, loginIds: [decodeJwt(there.accessToken).sid] },
      ]);
      await expect(accounts.renewLogin(here.refreshToken)).resolves.toMatchObject({ user });
      await expect(accounts.renewLogin(there.refreshToken)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    });

    it('outlive a new password; the old one is worth nothing', async () => {
      const user = await person();
      const login = await accounts.openLogin(user);
      const next = 'another password';
      await expect(accounts.changePassword(user.id, { current: 'wrong', next })).rejects.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      await accounts.changePassword(user.id, { current: PASSWORD, next });
      await expect(accounts.authenticate({ email: user.email, password: PASSWORD })).rejects.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      await expect(accounts.authenticate({ email: user.email, password: next })).resolves.toEqual(user);
      await expect(accounts.renewLogin(login.refreshToken)).resolves.toMatchObject({ user });
      await expect(accounts.changePassword(randomUUID(), { current: next, next })).rejects.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    });

    it('vouch for their access tokens while they are open', async () => {
      const user = await person();
      const login = await accounts.openLogin(user);
      const caller = await at.tokens.verifyAccess(login.accessToken);
      expect(await accounts.confirm(caller)).toEqual(user);
      const renewed = await accounts.renewLogin(login.refreshToken);
      expect(await accounts.confirm(caller)).toEqual(user);
      await accounts.endLogin(renewed.refreshToken);
      await expect(accounts.confirm(caller)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
      expect(await accounts.confirm({ ...caller, loginId: null })).toEqual(user);
      await expect(accounts.confirm({ ...caller, userId: randomUUID() })).rejects.toMatchObject({
        code: 'USER_NOT_FOUND',
      });
    });

    it('keep no token, only its hash', async () => {
      const { refreshToken, accessToken } = await accounts.openLogin(await person());
      const rows = await at.sql`select * from refresh_tokens`;
      const dump = JSON.stringify(rows) + rows.map((row) => row.token_hash.toString()).join();
      expect(dump).not.toContain(refreshToken.split('.')[2]);
      expect(dump).not.toContain(accessToken.split('.')[2]);
    });

    it('that expired are removed, and only those', async () => {
      const user = await person();
      await accounts.openLogin(user);
      at.advance(REFRESH_SECONDS * 1000);
      const fresh = await accounts.openLogin(user);
      expect(await accounts.tidy()).toBeGreaterThanOrEqual(2);
      expect(await accounts.tidy()).toBe(0);
      await expect(accounts.renewLogin(fresh.refreshToken)).resolves.toMatchObject({ user });
    });
  });

  describe('machines', () => {
    it('are known by their token alone', async () => {
      const user = await person();
      const { machine, token } = await accounts.createMachine(user.id, 'box');
      expect(machine).toEqual({ id: expect.any(String), userId: user.id, name: 'box', lastSeen: null });
      expect(await accounts.machineByToken(token)).toEqual(machine);
      expect(await accounts.machineByToken(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBeNull();
      expect(await accounts.machineByToken(token.replace(/_[0-9a-f]{32}_/, `_${'0'.repeat(32)}_`))).toBeNull();
      expect(await accounts.machineByToken('')).toBeNull();
      const [row] = await at.sql`select * from machines where id = ${machine.id}`;
      expect(row?.token_hash).toHaveLength(32);
    });

    it('of one user have names of their own', async () => {
      const [user, other] = [await person(), await person()];
      await accounts.createMachine(user.id, 'box');
      await expect(accounts.createMachine(user.id, 'box')).rejects.toMatchObject({ code: 'DUPLICATE' });
      await expect(accounts.createMachine(other.id, 'box')).resolves.toMatchObject({ machine: { name: 'box' } });
      const { machine } = await accounts.createMachine(user.id, 'crate');
      await expect(accounts.renameMachine(user.id, machine.id, 'box')).rejects.toMatchObject({ code: 'DUPLICATE' });
    });

    it('made at once under one name: one of them', async () => {
      const user = await person();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () => accounts.createMachine(user.id, 'same')),
      );
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      expect(await accounts.machinesOf(user.id)).toHaveLength(1);
    });

    it('may be called anything, and are found under it again', async () => {
      const user = await person();
      const names = ["'; DROP TABLE machines; --", '$1', '%s', '" or ""="', 'Ящик', '箱子 🦀', '\\x00'];
      for (const name of names) await accounts.createMachine(user.id, name);
      const found = await accounts.machinesOf(user.id);
      expect(found.map((machine) => machine.name).sort()).toEqual([...names].sort());
    });

    it('are limited in number, also when many are made at once', async () => {
      const user = await person();
      const limited = at.make({ machinesPerUser: 3 });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 6 }, (_, i) => limited.createMachine(user.id, `box-${i}`)),
      );
      const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'made')).sort();
      expect(codes).toEqual(['MACHINE_LIMIT', 'MACHINE_LIMIT', 'MACHINE_LIMIT', 'made', 'made', 'made']);
    });

    it('of another user are not there, whatever is tried', async () => {
      const [owner, other] = [await person(), await person()];
      const { machine, token } = await accounts.createMachine(owner.id, 'box');
      const gone = { code: 'MACHINE_NOT_FOUND' };
      for (const id of [machine.id, randomUUID(), "' or 1=1 --"]) {
        await expect(accounts.renameMachine(other.id, id, 'mine')).rejects.toMatchObject(gone);
        await expect(accounts.removeMachine(other.id, id)).rejects.toMatchObject(gone);
        await expect(accounts.rotateMachineToken(other.id, id)).rejects.toMatchObject(gone);
        expect(await accounts.machineOf(other.id, id)).toBeNull();
      }
      expect(await accounts.machinesOf(other.id)).toEqual([]);
      expect(await accounts.machineByToken(token)).toEqual(machine);
      expect(changes).toEqual([]);
    });

    it('say what happened to them', async () => {
      const { id: userId } = await person();
      const { machine, token } = await accounts.createMachine(userId, 'box');
      const machineId = machine.id;
      await accounts.renameMachine(userId, machineId, 'crate');
      const rotated = await accounts.rotateMachineToken(userId, machineId);
      expect(rotated.machine).toMatchObject({ id: machineId, name: 'crate' });
      expect(await accounts.machineByToken(token)).toBeNull();
      expect(await accounts.machineByToken(rotated.token)).toMatchObject({ id: machineId });
      await accounts.removeMachine(userId, machineId);
      expect(await accounts.machineByToken(rotated.token)).toBeNull();
      expect(changes).toEqual([
        { type: 'machine_renamed', userId, machineId, name: 'crate' },
        { type: 'machine_token_rotated', userId, machineId },
        { type: 'machine_removed', userId, machineId, sharedWith: [] },
      ]);
    });

    it('remember when they were last seen, and never go back', async () => {
      const user = await person();
      const [a, b] = [await accounts.createMachine(user.id, 'a'), await accounts.createMachine(user.id, 'b')];
      await accounts.machinesSeen(
        new Map([
          [a.machine.id, 2_000],
          [b.machine.id, 3_000],
          [randomUUID(), 1],
        ]),
      );
      await accounts.machinesSeen(new Map([[a.machine.id, 1_000]]));
      await accounts.machinesSeen(new Map());
      expect((await accounts.machinesOf(user.id)).map((machine) => machine.lastSeen)).toEqual([2_000, 3_000]);
    });

    it('and logins go with their user', async () => {
      const user = await person();
      const { token } = await accounts.createMachine(user.id, 'box');
      const login = await accounts.openLogin(user);
      await at.sql`delete from users where id = ${user.id}`;
      expect(await accounts.machineByToken(token)).toBeNull();
      await expect(accounts.renewLogin(login.refreshToken)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
      await expect(accounts.createMachine(user.id, 'box')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    });
  });
});
