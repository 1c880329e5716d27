// Who comes in: by invitation, and by single sign-on; on Postgres and on the Postgres inside the relay alike.
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AccountsWorld, accountsWorlds, PASSWORD } from './accounts-worlds.contract.ts';

const DAY = 86_400_000;
const CLOSED = { code: 'REGISTRATION_CLOSED' };

describe.each(accountsWorlds)('on %s', (_, start) => {
  const world = start();
  let at: AccountsWorld;
  beforeEach(() => {
    at = world();
  });
  const address = () => `${randomUUID()}@example.org`;

  describe('an invitation', () => {
    const scene = async (email: string | null = null) => {
      const administrator = await at.person();
      const accounts = at.make({ registration: 'invite' });
      const { invite, token } = await accounts.invite(administrator.id, { email, expiresAt: at.now() + DAY });
      const come = (invited: string, by = address()) =>
        accounts.register({ email: by, password: PASSWORD, invite: invited });
      return { accounts, invite, token, come };
    };

    it('lets one in, once', async () => {
      const { come, token, accounts, invite } = await scene();
      expect(token).toMatch(/^hmi_[0-9a-f-]{36}_[A-Za-z0-9_-]{43}$/);
      expect((await accounts.invites()).map(({ id }) => id)).toContain(invite.id);
      const tries = await Promise.allSettled([come(token), come(token), come(token)]);
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expect(come(token)).rejects.toMatchObject(CLOSED);
      expect((await accounts.invites()).map(({ id }) => id)).not.toContain(invite.id);
    });

    it('is not spent by somebody whose address has an account', async () => {
      const { come, token } = await scene();
      const { email } = await at.person();
      await expect(come(token, email)).rejects.toMatchObject({ code: 'DUPLICATE' });
      await expect(come(token)).resolves.toMatchObject({ administrator: false });
    });

    it('for one address is for nobody else', async () => {
      const email = address();
      const { come, token } = await scene(email);
      await expect(come(token)).rejects.toMatchObject(CLOSED);
      await expect(come(token, email.toUpperCase())).resolves.toMatchObject({ email: email.toUpperCase() });
    });

    it('ends, and is withdrawn', async () => {
      const [late, gone] = [await scene(), await scene()];
      await gone.accounts.withdrawInvite(gone.invite.id);
      await expect(gone.accounts.withdrawInvite(gone.invite.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(gone.come(gone.token)).rejects.toMatchObject(CLOSED);
      at.advance(DAY);
      await expect(late.come(late.token)).rejects.toMatchObject(CLOSED);
    });

    it.each(['', 'hmi_', "' or 1=1 --", `hmi_${randomUUID()}_${'A'.repeat(43)}`])('is not %j', async (token) => {
      const { come } = await scene();
      await expect(come(token)).rejects.toMatchObject(CLOSED);
    });

    it('opens nothing where registration is closed', async () => {
      const { token } = await scene();
      const closed = at.make({ registration: 'closed' });
      const user = { email: address(), password: PASSWORD, invite: token };
      await expect(closed.register(user)).rejects.toMatchObject(CLOSED);
    });
  });

  describe('an identity at a provider', () => {
    const identity = (over: Partial<Parameters<typeof at.accounts.userByIdentity>[0]> = {}) => ({
      ...{ issuer: 'https://id.example.org', subject: randomUUID(), email: address(), emailVerified: true },
      ...over,
    });

    it('makes an account at first, and is that account from then on, whatever the address becomes', async () => {
      const claims = identity();
      const { user, isNew } = await at.accounts.userByIdentity(claims);
      expect([user.email, isNew]).toEqual([claims.email, true]);
      const again = await at.accounts.userByIdentity({ ...claims, email: address(), emailVerified: false });
      expect(again).toEqual({ user, isNew: false });
      // It has no password, so none is right.
      for (const password of ['', PASSWORD]) {
        const login = at.accounts.authenticate({ email: user.email, password });
        await expect(login).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      }
    });

    it('never takes over an account that has its address', async () => {
      const { email } = await at.person();
      const claims = identity({ email: email.toUpperCase() });
      await expect(at.accounts.userByIdentity(claims)).rejects.toMatchObject({ code: 'DUPLICATE' });
    });

    it('is linked from inside the account, and belongs to one', async () => {
      const [user, other] = [await at.person(), await at.person()];
      const claims = identity();
      await at.accounts.linkIdentity(user.id, claims);
      await at.accounts.linkIdentity(user.id, claims);
      expect((await at.accounts.userByIdentity(claims)).user).toEqual(user);
      await expect(at.accounts.linkIdentity(other.id, claims)).rejects.toMatchObject({ code: 'DUPLICATE' });
      const elsewhere = { ...claims, issuer: 'https://other.example.org' };
      expect((await at.accounts.userByIdentity(elsewhere)).user.id).not.toBe(user.id);
    });

    it('needs an address that the provider vouches for', async () => {
      for (const over of [{ emailVerified: false }, { email: null }]) {
        await expect(at.accounts.userByIdentity(identity(over))).rejects.toMatchObject({ code: 'FORBIDDEN' });
      }
    });

    it('makes no account where registration is not open, unless that is said', async () => {
      for (const registration of ['invite', 'closed'] as const) {
        const accounts = at.make({ registration });
        await expect(accounts.userByIdentity(identity())).rejects.toMatchObject(CLOSED);
        const opened = at.make({ registration, singleSignOnOpens: true });
        await expect(opened.userByIdentity(identity())).resolves.toMatchObject({ isNew: true });
      }
    });
  });
});
