// The secret of the data directory, and the lock on it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepJwtSecret } from './jwt-secret.ts';
import { takeLock } from './process-lock.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hermit-embedded-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const mode = (file: string) => statSync(file).mode & 0o777;

describe('the secret', () => {
  it('is made once, long enough, for its owner alone', async () => {
    const data = join(dir, 'deep', 'data');
    const secret = await keepJwtSecret(data);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await keepJwtSecret(data)).toBe(secret);
    expect(mode(join(data, 'jwt-secret'))).toBe(0o600);
    expect(mode(data)).toBe(0o700);
    expect(readdirSync(data)).toEqual(['jwt-secret']);
  });

  it('is the same for everybody who starts at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => keepJwtSecret(dir)));
    expect(new Set(secrets).size).toBe(1);
  });

  it('is taken away from others who could read it', async () => {
    writeFileSync(join(dir, 'jwt-secret'), 'x'.repeat(43), { mode: 0o644 });
    await keepJwtSecret(dir);
    expect(mode(join(dir, 'jwt-secret'))).toBe(0o600);
  });

  it('that is cut off is refused, not replaced', async () => {
    writeFileSync(join(dir, 'jwt-secret'), 'short');
    await expect(keepJwtSecret(dir)).rejects.toThrow('holds no secret');
  });
});

describe('the lock', () => {
  it('has one holder, and can be had again', async () => {
    const path = join(dir, 'lock');
    const release = await takeLock(path);
    expect(release).toBeTypeOf('function');
    expect(await takeLock(path)).toBeUndefined();
    await release?.();
    const again = await takeLock(path);
    expect(again).toBeTypeOf('function');
    await again?.();
  });

  it('dies with its holder, and then goes to one of those who want it', async () => {
    const path = join(dir, 'lock');
    const program = join(dir, 'holder.mjs');
    writeFileSync(
      program,
      `import net from 'node:net'; net.createServer().listen(process.argv[2], () => process.send('up'));`,
    );
    const holder = fork(program, [path]);
    await once(holder, 'message');
    expect(await takeLock(path)).toBeUndefined();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(path)).toBe(true);

    const taken = (await Promise.all([takeLock(path), takeLock(path), takeLock(path)])).filter((release) => release);
    expect(taken).toHaveLength(1);
    expect(readdirSync(dir).sort()).toEqual(['holder.mjs', 'lock']);
    await taken[0]?.();
  });
});
