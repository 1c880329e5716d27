// Tokens on disk: for nobody else, never half written, one process at a time.
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tokens } from '@hermit/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CredentialFile } from './credential-file.ts';

const A = 'https://a.test/';
const B = 'https://b.test/';
const tokens = (n: number): Tokens => ({
  user: { id: '33333333-3333-4333-8333-333333333333', email: 'ann@example.org' },
  accessToken: `access-${n}`,
  refreshToken: `refresh-${n}`,
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hermit-credentials-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('the credentials file', () => {
  it('is readable by its owner alone, and so is its directory', async () => {
    const file = new CredentialFile(join(directory, 'hermit'));
    await file.storeOf(A).change(async () => tokens(1));
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'hermit'))).mode & 0o777).toBe(0o700);
    await chmod(file.path, 0o644);
    await file.storeOf(A).change(async () => tokens(2));
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  });

  it('keeps the logins of several relays apart', async () => {
    const file = new CredentialFile(directory);
    await file.storeOf(A).change(async () => tokens(1));
    await file.choose(A);
    await file.storeOf(B).change(async () => tokens(2));
    expect(await file.relay()).toBe(A);
    expect((await file.storeOf(B).read())?.accessToken).toBe('access-2');
    await file.storeOf(A).change(async () => null);
    expect(await file.storeOf(A).read()).toBeNull();
    expect(await file.relay()).toBe(B);
    await file.storeOf(B).change(async () => null);
    expect(await file.relay()).toBeNull();
  });

  it('lets many change it at once, each with what the one before has written', async () => {
    const seen: string[] = [];
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        new CredentialFile(directory).storeOf(A).change(async (present) => {
          seen.push(present?.accessToken ?? 'none');
          return tokens(n);
        }),
      ),
    );
    const written = (await new CredentialFile(directory).storeOf(A).read())?.accessToken;
    expect(new Set([...seen, written]).size).toBe(11);
    expect(await readdir(directory)).toEqual(['credentials.json']);
  });

  it('stays as it was when a change fails, and lets the next one in', async () => {
    const store = new CredentialFile(directory).storeOf(A);
    await store.change(async () => tokens(1));
    const failing = store.change(async () => {
      throw new Error('the relay is away');
    });
    await expect(failing).rejects.toThrow('the relay is away');
    expect(await store.read()).toEqual(tokens(1));
    expect(await store.change(async () => tokens(2))).toEqual(tokens(2));
  });

  it('says what to do when it is damaged, and does not overwrite it', async () => {
    const file = new CredentialFile(directory);
    await writeFile(file.path, '{"version":1,"logi');
    await expect(file.relay()).rejects.toMatchObject({ exitCode: 1, hint: 'Remove it and log in again.' });
    await expect(file.storeOf(A).change(async () => tokens(1))).rejects.toThrow('damaged');
    expect(await readFile(file.path, 'utf8')).toBe('{"version":1,"logi');
  });
});
