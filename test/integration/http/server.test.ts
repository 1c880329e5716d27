// The HTTP server itself: health, errors in one shape, headers, limits, documentation.
import { connect } from 'node:net';
import { HermitError } from '@hermit/protocol';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthRoutes } from '../../../services/relay/src/http/health-routes.ts';
import { createHttpServer } from '../../../services/relay/src/http/http-server.ts';
import { type HttpSide, startHttpSide } from './http-kit.ts';

let relay: HttpSide;
beforeAll(async () => {
  relay = await startHttpSide();
});
afterAll(() => relay?.[Symbol.asyncDispose]());

describe('health', () => {
  it('is ok', async () => {
    expect(await relay.request('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect((await relay.request('GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await relay.request('GET', '/livez')).body).toEqual({ status: 'ok' });
    expect(await relay.request('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  it('says what is missing, nothing about where it is, and lives on', async () => {
    await using ill = await startHttpSide({
      checks: {
        redis: () => Promise.reject(Object.assign(new Error('connect 10.1.2.3:6379'), { code: 'ECONNREFUSED' })),
        bus: () => Promise.reject(new Error('internal detail of 10.1.2.3')),
        drain: () => Promise.reject(new HermitError('DRAINING', 'This pod is leaving.')),
        slow: () => new Promise(() => {}),
      },
    });
    const { status, body } = await ill.request('GET', '/readyz');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      code: 'UNAVAILABLE',
      details: {
        missing: [
          { part: 'redis', reason: 'ECONNREFUSED: nothing listens at its address, check host and port in its URL' },
          { part: 'bus', reason: 'failed' },
          { part: 'drain', reason: 'This pod is leaving' },
          { part: 'slow', reason: 'no answer within 2 s' },
        ],
      },
    });
    expect(JSON.stringify(body)).not.toContain('10.1.2.3');
    expect(await ill.request('GET', '/livez')).toMatchObject({ status: 200 });
  });

  it('asks its parts once, however many ask it', async () => {
    let asked = 0;
    await using busy = await startHttpSide({
      checks: {
        counted: async () => {
          asked++;
        },
      },
    });
    await Promise.all(Array.from({ length: 50 }, () => busy.request('GET', '/readyz')));
    expect(asked).toBe(1);
  });

  it('stays ready without Postgres once it has been, and says so; not without Redis', async () => {
    let away: string[] = ['postgres'];
    let now = 0;
    const check = (part: string) => async () => {
      if (away.includes(part)) throw new Error('away');
    };
    const checks = { postgres: check('postgres'), redis: check('redis') };
    await using app = await createHttpServer({ trustProxy: false });
    healthRoutes(app, { checks, now: () => now });
    const statusWithout = async (...parts: string[]) => {
      away = parts;
      now += 5_000;
      const { statusCode, body } = await app.inject('/readyz');
      return [`${statusCode}`, ...[...body.matchAll(/(?<="part":")\w+/g)].map(([part]) => part)];
    };
    expect(await statusWithout('postgres')).toEqual(['503', 'postgres']);
    expect(await statusWithout()).toEqual(['200']);
    expect(await statusWithout('postgres')).toEqual(['200', 'postgres']);
    expect(await statusWithout('postgres', 'redis')).toEqual(['503', 'postgres', 'redis']);
    expect(await statusWithout('redis')).toEqual(['503', 'redis']);
  });

  it('is not well when the database is gone, and accounts say so: 503', async () => {
    await using ill = await startHttpSide();
    const { accessToken: token } = await ill.person();
    await ill.sql.end({ timeout: 1 });
    expect(await ill.request('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { details: { missing: [{ part: 'postgres' }] } },
    });
    const body = { email: 'ada@example.org', password: 'correct horse' };
    expect(await ill.request('POST', '/auth/login', { body })).toMatchObject({
      status: 503,
      body: { code: 'UNAVAILABLE' },
    });
    expect(await ill.request('GET', '/api/machines', { token })).toMatchObject({ status: 503 });
    expect(await ill.request('GET', '/livez')).toMatchObject({ status: 200 });
  });
});

describe('an error', () => {
  const json = { 'content-type': 'application/json' };
  const errors: [string, InjectOptions, number, string][] = [
    ['an unknown address', { url: '/nothing' }, 404, 'NOT_FOUND'],
    ['another method', { method: 'PUT', url: '/auth/login' }, 404, 'NOT_FOUND'],
    ['a broken escape in the address', { url: '/api/machines/%zz' }, 400, 'VALIDATION'],
    ['a very long id', { method: 'DELETE', url: `/api/machines/${'x'.repeat(5000)}` }, 404, 'NOT_FOUND'],
    ['no JSON', { method: 'POST', url: '/auth/login', headers: json, payload: '{"email":' }, 400, 'INVALID_JSON'],
    [
      'a prototype',
      { method: 'POST', url: '/auth/login', headers: json, payload: '{"__proto__":{"admin":true}}' },
      400,
      'INVALID_JSON',
    ],
    ['an empty body', { method: 'POST', url: '/auth/login', headers: json, payload: '' }, 400, 'VALIDATION'],
    [
      'a large body',
      { method: 'POST', url: '/auth/login', headers: json, payload: `"${'x'.repeat(20_000)}"` },
      413,
      'MESSAGE_TOO_LARGE',
    ],
    [
      'a form',
      {
        method: 'POST',
        url: '/auth/login',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'a=b',
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'text',
      { method: 'POST', url: '/auth/login', headers: { 'content-type': 'text/plain' }, payload: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ];
  it.each(errors)('for %s has the one shape', async (_, request, status, code) => {
    const response = await relay.app.inject(request);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(response.json()).toMatchObject({ code, message: expect.any(String) });
    expect(response.json().requestId).toBe(response.headers['x-request-id']);
    expect(
      Object.keys(response.json())
        .filter((key) => key !== 'details')
        .sort(),
    ).toEqual(['code', 'message', 'requestId']);
  });

  it('of ours is told without its details, which are logged', async () => {
    await using broken = await startHttpSide({ machinesPerUser: 5 });
    const { accessToken: token } = await broken.person();
    await broken.sql`alter table machines rename column name to label`;
    const answer = await broken.request('GET', '/api/machines', { token });
    expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL', message: 'Something failed on our side.' } });
    expect(JSON.stringify(answer.body)).not.toContain('column');
    expect(broken.log.join('')).toContain('column \\"name\\" does not exist');
  });

  it('on a bare socket has the one shape as well', async () => {
    await using live = await startHttpSide();
    await live.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = live.app.server.address() as { port: number };
    const exchange = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        socket.setEncoding('utf8').on('data', (chunk) => {
          answer += chunk;
        });
        socket.on('end', () => resolve(answer)).on('error', reject);
      });
    const nonsense = await exchange('HELLO relay\r\n\r\n');
    expect(nonsense).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(nonsense.split('\r\n\r\n')[1]!)).toMatchObject({ code: 'VALIDATION' });
    const headers = await exchange(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`);
    expect(headers).toMatch(/^HTTP\/1\.1 431 /);
    expect(await exchange('GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toContain('{"status":"ok"}');
  });
});

it('tells browsers to be careful, with answers and errors alike', async () => {
  for (const url of ['/health', '/nothing']) {
    const { headers } = await relay.app.inject({ url });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringContaining('max-age='),
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': 'no-store',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    // It would break every relay that is reached without TLS, such as the one on loopback.
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(headers).not.toHaveProperty('x-powered-by');
  }
});

describe('the documentation', () => {
  it('has every route, with its body, its answers and whether it demands a token', async () => {
    const { body } = await relay.request<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(
      'GET',
      '/documentation/json',
    );
    const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, about]) => {
        const { security, responses } = about as { security?: unknown[]; responses: Record<string, unknown> };
        return `${method.toUpperCase()} ${path} ${security ? 'token' : '-'} ${Object.keys(responses).join(' ')}`;
      }),
    );
    expect(operations.sort()).toEqual([
      'DELETE /api/identities/{id} token 204 401 403 404 429 503',
      'DELETE /api/invites/{id} token 204 401 403 404 429 503',
      'DELETE /api/logins token 204 401 429 503',
      'DELETE /api/logins/{id} token 204 401 404 429 503',
      'DELETE /api/machines/{id} token 204 401 404 429 503',
      'DELETE /api/machines/{id}/sessions/{sessionId}/shares/{shareId} token 204 401 404 429 503',
      'DELETE /api/shares/{shareId} token 204 401 404 429 503',
      'GET /api/admin/overview token 200 401 403 429 503',
      'GET /api/audit token 200 400 401 429 503',
      'GET /api/device/{code} token 200 400 401 404 429 503',
      'GET /api/identities token 200 401 429 503',
      'GET /api/invites token 200 401 403 429 503',
      'GET /api/logins token 200 401 429 503',
      'GET /api/machines token 200 401 429 503',
      'GET /api/machines/{id}/sessions/{sessionId}/attachments token 200 401 404 429 503',
      'GET /api/machines/{id}/sessions/{sessionId}/shares token 200 401 404 429 503',
      'GET /api/me token 200 401 429 503',
      'GET /api/shares token 200 401 429 503',
      'GET /auth/methods - 200 429',
      'GET /auth/sso - 302 404 429 503',
      'GET /auth/sso/callback - 302 400 401 403 404 429 503',
      'GET /health - 200',
      'GET /livez - 200',
      'GET /readyz - 200 503',
      'PATCH /api/machines/{id} token 200 400 401 404 429 503',
      'POST /api/device/approve token 204 400 401 403 404 429 503',
      'POST /api/invites token 201 400 401 403 429 503',
      'POST /api/machines token 201 400 401 403 429 503',
      'POST /api/machines/{id}/sessions/{sessionId}/shares token 201 400 401 403 404 429 503',
      'POST /api/machines/{id}/token token 200 401 404 429 503',
      'POST /api/password token 204 400 401 429 503',
      'POST /api/shares token 201 400 401 403 404 429 503',
      'POST /api/sign-in-links token 201 400 401 429 503',
      'POST /api/sso/link token 200 400 401 403 404 429 503',
      'POST /auth/device - 201 400 429 503',
      'POST /auth/device/outcome - 200 400 403 404 429 503',
      'POST /auth/link - 200 400 401 429 503',
      'POST /auth/login - 200 400 401 429 503',
      'POST /auth/logout - 204 400 401 429 503',
      'POST /auth/refresh - 200 400 401 429 503',
      'POST /auth/register - 201 400 403 429 503',
    ]);
  });

  it('is a page that runs no script but its own', async () => {
    const page = await relay.app.inject({ url: '/documentation/' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });
});
