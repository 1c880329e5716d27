// Passwords are hashed as they should be, a few at a time.
import { describe, expect, it } from 'vitest';
import { createPasswords } from './passwords.ts';

/** What a stored hash says of itself. */
const told = (hash: string) => hash.split(/[$,]/).slice(1, -2).sort();

const cheap = { memoryCost: 1024, timeCost: 2, parallelism: 1 };

describe('a password', () => {
  it('is stored as argon2id, with a salt', async () => {
    const passwords = createPasswords({ cost: cheap });
    const [a, b] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(told(a)).toEqual(['argon2id', 'm=1024', 'p=1', 't=2', 'v=19']);
    expect(a).not.toBe(b);
    expect(await passwords.verify(a, 'correct horse')).toBe(true);
    expect(await passwords.verify(a, 'correct Horse')).toBe(false);
    expect(await passwords.verify(null, 'correct horse')).toBe(false);
  });

  it('costs what is recommended, unless said otherwise', async () => {
    const stored = await createPasswords().hash('correct horse');
    expect(told(stored)).toEqual(['argon2id', 'm=19456', 'p=1', 't=2', 'v=19']);
  });

  it('is hashed anew once the cost has changed', async () => {
    const stored = await createPasswords({ cost: cheap }).hash('correct horse');
    expect(createPasswords({ cost: cheap }).outdated(stored)).toBe(false);
    expect(createPasswords({ cost: { ...cheap, timeCost: 3 } }).outdated(stored)).toBe(true);
  });
});

describe('a storm of log-ins', () => {
  it('is refused beyond what may wait, and the others are served', async () => {
    const passwords = createPasswords({ cost: cheap, concurrency: 1, queue: 3 });
    await passwords.verify(null, 'warm');
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.hash('correct horse')));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(outcomes.length - refused.length).toBe(4);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'UNAVAILABLE' });
    await expect(passwords.hash('correct horse')).resolves.toContain('argon2id');
  });
});
