// The web terminal's files, as a relay serves them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../../services/relay/src/http/http-server.ts';
import { webFiles } from '../../../services/relay/src/http/web-files.ts';

const PAGE = '<!doctype html><title>Hermit</title>';
const SCRIPT = 'export {};';

describe('the web terminal', () => {
  let root: string;
  let app: Awaited<ReturnType<typeof createHttpServer>>;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'hermit-web-files-'));
    mkdirSync(join(root, 'assets'));
    writeFileSync(join(root, 'index.html'), PAGE);
    writeFileSync(join(root, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(join(root, 'assets', 'index-1.js'), SCRIPT);
    writeFileSync(join(root, 'assets', 'index-1.js.gz'), gzipSync(SCRIPT));
    writeFileSync(join(root, '..', 'hermit-secret'), 'secret');
    app = await createHttpServer({ trustProxy: false });
    expect(await webFiles(app, root)).toBe(true);
  });
  afterAll(async () => {
    await app?.close();
    rmSync(root, { recursive: true, force: true });
    rmSync(join(root, '..', 'hermit-secret'), { force: true });
  });

  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });

  it.each(['/', '/settings', '/device?code=X', '/link', '/join', '/sso', '/m/a/s/b'])(
    'is the page at %s',
    async (url) => {
      const answer = await get(url);
      expect(answer.body).toBe(PAGE);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      });
    },
  );

  it('runs scripts of its own alone: no inline script, nothing made of strings, nobody may frame it', async () => {
    const policy = String((await get('/')).headers['content-security-policy']);
    const directives = new Map(policy.split(';').map((part) => [part.split(' ')[0], part]));
    expect(directives.get('script-src')).toBe("script-src 'self'");
    expect(directives.get('default-src')).toBe("default-src 'none'");
    expect(directives.get('connect-src')).toBe("connect-src 'self'");
    expect(directives.get('frame-ancestors')).toBe("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-eval|\*|https?:/);
  });

  it('lets browsers keep what has a hash in its name, and sends it compressed', async () => {
    const plain = await get('/assets/index-1.js');
    expect(plain).toMatchObject({ statusCode: 200, body: SCRIPT });
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const small = await get('/assets/index-1.js', { 'accept-encoding': 'gzip' });
    expect(small.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(String(small.headers['content-type'])).toContain('javascript');
    const again = await get('/assets/index-1.js', { 'if-none-match': String(plain.headers.etag) });
    expect(again.statusCode).toBe(304);
  });

  it.each(['/assets/nothing.js', '/assets/', '/elsewhere', '/m/a', '/api/nothing', '/assets/..%2f..%2fhermit-secret'])(
    'has nothing at %s',
    async (url) => {
      const answer = await get(url);
      expect([400, 403, 404]).toContain(answer.statusCode);
      expect(Object.keys(answer.json())).toEqual(['code', 'message', 'requestId']);
    },
  );

  it.each(['/elsewhere', '/m/a', '/settings/nothing'])(
    'shows people who go to %s that nothing is there',
    async (url) => {
      const answer = await get(url, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
      expect(answer).toMatchObject({ statusCode: 404, body: PAGE });
      expect(answer.headers['content-security-policy']).toContain("script-src 'self'");
    },
  );

  it.each(['/api/nothing', '/auth/nothing', '/ws/nothing', '/assets/nothing.js'])(
    'answers %s as programs expect it, whoever asks',
    async (url) => {
      const answer = await get(url, { accept: 'text/html' });
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({ code: 'NOT_FOUND' });
    },
  );

  it('is not there where it was not built, and the relay serves without it', async () => {
    const other = await createHttpServer({ trustProxy: false });
    expect(await webFiles(other, join(root, 'nowhere'))).toBe(false);
    expect((await other.inject({ method: 'GET', url: '/' })).statusCode).toBe(404);
    await other.close();
  });
});
