// The secret of the data directory, and the lock on it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDataDirectory } from './data-directory.ts';
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

describe('the directory', () => {
  it('is made with what is missing above it, by as many as start at once', async () => {
    const data = join(dir, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => makeDataDirectory(data)));
    expect(mode(data)).toBe(0o700);
  });

  it('is refused where none can be: in a file, and where the kernel makes the directories', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(makeDataDirectory(join(dir, 'file', 'data'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeDataDirectory(join(dir, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    if (process.platform === 'linux') await expect(makeDataDirectory('/proc/hermit/data')).rejects.toThrow(/ENOENT/);
  });
});

describe('the lock', () => {
  it('has one holder, and can be had again', () => {
    const path = join(dir, 'lock');
    const release = takeLock(path);
    expect(release).toBeTypeOf('function');
    expect(takeLock(path)).toBeUndefined();
    release?.();
    const again = takeLock(path);
    expect(again).toBeTypeOf('function');
    again?.();
  });

  it('dies with its holder, and then goes to one of those who want it', async () => {
    const path = join(dir, 'lock');
    const program = join(dir, 'contender.mjs');
    const module = JSON.stringify(new URL('./process-lock.ts', import.meta.url).href);
    writeFileSync(
      program,
      `import { takeLock } from ${module};
       const take = () => process.send(takeLock(process.argv[2]) ? 'held' : 'refused');
       process.on('message', take);
       take();`,
    );
    const contender = async () => {
      const child = fork(program, [path]);
      const [answer] = await once(child, 'message');
      return { child, answer };
    };
    const holder = await contender();
    const others = await Promise.all([contender(), contender(), contender()]);
    try {
      expect([holder, ...others].map(({ answer }) => answer)).toEqual(['held', 'refused', 'refused', 'refused']);
      expect(takeLock(path)).toBeUndefined();
      holder.child.kill('SIGKILL');
      await once(holder.child, 'exit');

      const answers = others.map(async ({ child }) => (await once(child, 'message'))[0] as string);
      for (const { child } of others) child.send('again');
      expect((await Promise.all(answers)).sort()).toEqual(['held', 'refused', 'refused']);
    } finally {
      for (const { child } of others) child.kill('SIGKILL');
    }
  });

  it('says what is wrong with its file', () => {
    expect(() => takeLock(join(dir, 'missing', 'lock'))).toThrow('unable to open');
  });
});
