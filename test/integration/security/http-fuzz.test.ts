// Bad requests by the thousand, over every route and its schema: always a coded error or a good answer, never a 500.
import { randomUUID } from 'node:crypto';
import { ERROR_CODES } from '@hermit/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HttpSide, type LoggedIn, startHttpSide } from '../http/http-kit.ts';
import { bodyOf } from './bad-input.ts';

const EACH_ROUTE = process.env.HERMIT_SOAK ? 5_000 : 60;
const SEED = Number(process.env.HERMIT_FUZZ_SEED ?? Date.now() % 2 ** 31);

type Operation = { method: string; path: string; body: unknown };

let relay: HttpSide;
let person: LoggedIn;
/** Its tokens are tried everywhere, so its login ends soon. */
let spare: LoggedIn;
let machineId: string;
beforeAll(async () => {
  relay = await startHttpSide();
  await relay.person();
  person = await relay.person();
  spare = await relay.person();
  const { body } = await relay.request<{ machine: { id: string } }>('POST', '/api/machines', {
    token: person.accessToken,
    body: { name: 'box' },
  });
  machineId = body.machine.id;
});
afterAll(() => relay?.[Symbol.asyncDispose]());

async function operations(): Promise<Operation[]> {
  type Documented = { requestBody?: { content?: Record<string, { schema?: unknown }> } };
  const { body } = await relay.request<{ paths: Record<string, Record<string, Documented>> }>(
    'GET',
    '/documentation/json',
  );
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      ...{ method: method.toUpperCase(), path },
      body: requestBody?.content?.['application/json']?.schema,
    })),
  );
}

const param = () =>
  fc.oneof(
    fc.constantFrom(machineId, randomUUID(), person.user.id, '..', '.', '%00', '%', '%ff', "' or 1=1 --", '\u202e', ''),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  );
const query = () =>
  fc.oneof(
    fc.constant(''),
    fc.webQueryParameters().map((text) => `?${text}`),
    fc.constant('?before=1&limit=0'),
  );

it('every answer is good or coded', async () => {
  // Ending one's own logins ends the rest of this run.
  const ends = (path: string) => path === '/api/logins' || path === '/api/logins/{id}';
  const all = await operations();
  expect(all.length).toBeGreaterThan(30);
  let sent = 0;
  for (const { method, path, body } of all) {
    const known = {
      uuids: [machineId, person.user.id, randomUUID()],
      tokens: [spare.refreshToken, spare.accessToken],
    };
    const payload = fc.oneof(
      { weight: 6, arbitrary: bodyOf(body ?? {}, known).map((value) => JSON.stringify(value) ?? '') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 100 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('{', '[', 'null', '""', '{"a":', `"${'x'.repeat(20_000)}"`, '{"__proto__":1}'),
      },
    );
    const request = fc.record({
      params: fc.array(param(), { minLength: 3, maxLength: 3 }),
      query: query(),
      payload,
      type: fc.constantFrom(
        'application/json',
        'application/json; charset=utf-8',
        'text/plain',
        'multipart/form-data',
        '',
      ),
      token: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ params, query: search, payload: text, type, token }) => {
        let at = 0;
        const url = path.replaceAll(/\{\w+\}/g, () => String(params[at++])) + search;
        const hasBody = method !== 'GET' && body !== undefined;
        const response = await relay.app.inject({
          method: method as 'GET',
          url: url.startsWith('/') ? url : '/',
          headers: {
            ...(token && !ends(path) ? { authorization: `Bearer ${person.accessToken}` } : {}),
            ...(hasBody && type !== '' ? { 'content-type': type } : {}),
          },
          ...(hasBody ? { payload: text } : {}),
        });
        sent++;
        const { statusCode: status } = response;
        if (status >= 500) throw new Error(`${method} ${url} ${text}: ${status} ${response.body}`);
        if (status >= 400) {
          const error = response.json() as { code: string; message: string; requestId: string };
          if (!(error.code in ERROR_CODES) || !error.message || !error.requestId) throw new Error(response.body);
        }
      }),
      { numRuns: EACH_ROUTE, seed: SEED, endOnFailure: true },
    );
  }
  process.stdout.write(`      ${sent} requests, seed ${SEED} (HERMIT_FUZZ_SEED)\n`);
  expect((await relay.request('GET', '/api/me', { token: person.accessToken })).status).toBe(200);
});
