// What the audit promises, on Postgres and on the Postgres inside the relay alike.
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type AccountsWorld, accountsWorlds } from './accounts-worlds.contract.ts';
import { type AuditOptions, createAudit } from './audit.ts';

const ADDRESS = '192.0.2.7';
const ALL = { before: null, limit: 100 };

describe.each(accountsWorlds)('the audit on %s', (_, start) => {
  const world = start();
  let at: AccountsWorld;
  let lost: number;
  const audit = (over: Partial<AuditOptions> = {}) =>
    createAudit({
      sql: at.sql,
      now: at.now,
      ...over,
      lost: (count) => {
        lost += count;
      },
    });
  beforeEach(() => {
    at = world();
    lost = 0;
  });

  it('tells owners what happened, the latest first, and nobody else', async () => {
    const [owner, guest] = [await at.person(), await at.person()];
    const { machine } = await at.accounts.createMachine(owner.id, 'box');
    const sessionId = randomUUID();
    const log = audit();
    log.record({ action: 'login', ownerId: owner.id, actorId: owner.id, address: ADDRESS, details: { way: 'link' } });
    at.advance(1);
    log.record({ action: 'login_failed', ownerEmail: owner.email.toUpperCase(), actorId: null, address: ADDRESS });
    at.advance(1);
    const details = { readOnly: true, offset: 7 };
    log.record({ action: 'attached', actorId: guest.id, address: ADDRESS, machineId: machine.id, sessionId, details });
    await log.flush();
    const about = { id: expect.any(String), address: ADDRESS, machineId: null, sessionId: null };
    expect(await log.entries(owner.id, ALL)).toEqual([
      {
        ...about,
        at: at.now(),
        action: 'attached',
        actorEmail: guest.email,
        machineId: machine.id,
        sessionId,
        details,
      },
      { ...about, at: at.now() - 1, action: 'login_failed', actorEmail: null, details: {} },
      { ...about, at: at.now() - 2, action: 'login', actorEmail: owner.email, details: { way: 'link' } },
    ]);
    expect(await log.entries(guest.id, ALL)).toEqual([]);
    expect(lost).toBe(0);
  });

  it('is read page by page', async () => {
    const { id } = await at.person();
    const log = audit();
    for (let n = 0; n < 2_500; n++) {
      log.record({ action: 'login', ownerId: id, actorId: id, address: ADDRESS, details: { n } });
    }
    await log.close();
    const seen: unknown[] = [];
    for (let before: string | null = null; ; ) {
      const page = await log.entries(id, { before, limit: 999 });
      if (page.length === 0) break;
      seen.push(...page.map(({ details }) => details.n));
      before = page.at(-1)?.id ?? null;
    }
    expect(seen).toEqual(Array.from({ length: 2_500 }, (_, i) => 2_499 - i));
  });

  it('loses no other event to one that cannot be kept', async () => {
    const { id } = await at.person();
    const log = audit();
    const record = (name: string) =>
      log.record({ action: 'machine_added', ownerId: id, actorId: id, address: ADDRESS, details: { name } });
    for (const name of ['one', 'a zero \u0000 byte', 'two']) record(name);
    log.record({ action: 'login', ownerId: randomUUID(), actorId: null, address: ADDRESS });
    await log.flush();
    expect((await log.entries(id, ALL)).map(({ details }) => details.name)).toEqual(['two', 'one']);
    expect(lost).toBe(1);
  });

  it('is bounded while the database hangs, says what it gave up, and tells nothing twice', async () => {
    const { id } = await at.person();
    const log = audit({ most: 5, deadline: 50 });
    const record = (n: number) =>
      log.record({ action: 'login', ownerId: id, actorId: id, address: ADDRESS, details: { n } });
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = at.sql.begin(async (tx) => {
      await tx`lock table audit in access exclusive mode`;
      locked.resolve();
      await release.promise;
    });
    await locked.promise;
    for (let n = 0; n < 3; n++) record(n);
    const flushing = log.flush();
    // While a write hangs.
    for (let n = 3; n < 12; n++) record(n);
    await flushing;
    for (let tries = 0; tries < 5; tries++) await log.flush();
    expect(lost).toBe(4);
    release.resolve();
    await holding;
    await vi.waitFor(async () => {
      await log.flush();
      expect((await log.entries(id, ALL)).map(({ details }) => details.n)).toEqual([11, 10, 9, 8, 7, 2, 1, 0]);
    });
    await log.close();
  });

  it('is kept for its time', async () => {
    const { id } = await at.person();
    const log = audit();
    log.record({ action: 'login', ownerId: id, actorId: id, address: ADDRESS });
    await log.flush();
    const accounts = at.make({ auditLife: 1_000 });
    at.advance(999);
    await accounts.tidy();
    expect(await log.entries(id, ALL)).toHaveLength(1);
    at.advance(1);
    await accounts.tidy();
    expect(await log.entries(id, ALL)).toEqual([]);
  });
});
