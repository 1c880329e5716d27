// What a sign-in link promises, on Postgres and on the Postgres inside the relay alike.
import { beforeEach, describe, expect, it } from 'vitest';
import { type AccountsWorld, accountsWorlds } from './accounts-worlds.contract.ts';
import { LINK_LIFE } from './sign-in-links.ts';

const REFUSED = { code: 'INVALID_TOKEN' };

describe.each(accountsWorlds)('sign-in links on %s', (_, start) => {
  const world = start();
  let at: AccountsWorld;
  beforeEach(() => {
    at = world();
  });

  it('sign their user in, once', async () => {
    const [person, other] = [await at.person(), await at.person()];
    const { code, expiresAt } = await at.accounts.makeSignInLink(person.id);
    await at.accounts.makeSignInLink(other.id);
    expect(expiresAt).toBe(at.now() + LINK_LIFE);
    expect(await at.accounts.useSignInLink(code)).toMatchObject({ user: person });
    await expect(at.accounts.useSignInLink(code)).rejects.toMatchObject(REFUSED);
  });

  it('let one of many win who use the same code at once', async () => {
    const { code } = await at.accounts.makeSignInLink((await at.person()).id);
    const uses = await Promise.allSettled(Array.from({ length: 8 }, () => at.accounts.useSignInLink(code)));
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are not spent where no login comes of them', async () => {
    const person = await at.person();
    const { code } = await at.accounts.makeSignInLink(person.id);
    await expect(at.signingFails().useSignInLink(code)).rejects.toThrow('no key');
    const origin = { address: '192.0.2.7', client: 'a browser' };
    expect(await at.accounts.useSignInLink(code, origin)).toMatchObject({ user: person });
    expect(await at.accounts.loginsOf(person.id)).toMatchObject([origin]);
  });

  it('end by themselves', async () => {
    const { id } = await at.person();
    const [first, second] = [await at.accounts.makeSignInLink(id), await at.accounts.makeSignInLink(id)];
    at.advance(LINK_LIFE - 1);
    await at.accounts.useSignInLink(first.code);
    at.advance(1);
    await expect(at.accounts.useSignInLink(second.code)).rejects.toMatchObject(REFUSED);
  });

  it('are few at once: a new one takes the place of the oldest', async () => {
    const { id } = await at.person();
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) {
      at.advance(1);
      codes.push((await at.accounts.makeSignInLink(id)).code);
    }
    await expect(at.accounts.useSignInLink(String(codes[0]))).rejects.toMatchObject(REFUSED);
    expect(await at.accounts.useSignInLink(String(codes[1]))).toMatchObject({ user: { id } });
  });

  it('are kept as hashes, and removed when they are too old', async () => {
    const { id } = await at.person();
    const { code } = await at.accounts.makeSignInLink(id);
    const rows = () => at.sql`select sign_in_links::text as row from sign_in_links where user_id = ${id}`;
    expect(JSON.stringify(await rows())).not.toContain(code);
    at.advance(LINK_LIFE);
    await at.accounts.tidy();
    expect(await rows()).toHaveLength(0);
  });

  it.each(['', 'x', 'x'.repeat(43), '\u0000', "'; drop table users; --"])('refuse %j', async (code) => {
    await expect(at.accounts.useSignInLink(code)).rejects.toMatchObject(REFUSED);
  });
});
