// Every HTTP route × everybody who may call it. A route without a row fails.
import { randomUUID } from 'node:crypto';
import { systemClock } from '@hermit/transport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpRoutes } from '../../../services/relay/src/http/http-routes.ts';
import { createHttpServer } from '../../../services/relay/src/http/http-server.ts';
import { Admission } from '../../../services/relay/src/sockets/admission.ts';
import { websocketRoutes } from '../../../services/relay/src/sockets/websocket-routes.ts';
import { CALLERS, Cast, KNOWN, type Known, type Scene } from './cast.ts';
import { PASSWORD, type Relays, startRelays } from './relay-kit.ts';

/** A status, or an error code. */
type Outcome = number | string;
type Row = {
  /** What is sent; `who` calls. */
  send?: (scene: Scene, who: Known, cast: Cast) => Promise<Sent> | Sent;
  /** Of those whose token is good: one outcome for all of them, or one for each. */
  known: Outcome | Record<Known, Outcome>;
  /** Missing: a token is demanded. */
  everybody?: true;
  /** What the answer must not say to anybody but these. */
  secret?: { word: (scene: Scene) => string; to: readonly Known[] };
};
type Sent = { params?: Record<string, string>; body?: unknown };

const session = ({ machine, sessionId }: Scene) => ({ id: machine.id, sessionId });
const all = (outcome: Outcome): Record<Known, Outcome> => ({
  ...{ 'another user': outcome, administrator: outcome, viewer: outcome, driver: outcome, owner: outcome },
});
const ownerOnly = (done: number, others: string) => ({ ...all(others), owner: done });
const adminOnly = (done: Outcome) => ({ ...all('FORBIDDEN'), administrator: done });
const device = async (cast: Cast) => cast.accounts.startDevice(null, { address: '', client: '' });

const TABLE: Record<string, Row> = {
  'GET /health': { known: 200, everybody: true },
  'GET /livez': { known: 200, everybody: true },
  'GET /readyz': { known: 200, everybody: true },
  'GET /auth/methods': { known: 200, everybody: true },
  'GET /auth/sso': { known: 'NOT_FOUND', everybody: true },
  'GET /auth/sso/callback': { known: 'NOT_FOUND', everybody: true },
  'POST /auth/register': { send: () => ({ body: { email: 'no address' } }), known: 'VALIDATION', everybody: true },
  'POST /auth/login': {
    send: () => ({ body: { email: `${randomUUID()}@example.org`, password: 'wrong' } }),
    known: 'INVALID_CREDENTIALS',
    everybody: true,
  },
  'POST /auth/link': { send: () => ({ body: { code: 'unknown' } }), known: 'INVALID_TOKEN', everybody: true },
  'POST /auth/refresh': {
    // What counts is the refresh token alone: here an access token, which is none.
    send: ({ people }) => ({ body: { refreshToken: people.owner.token } }),
    known: 'INVALID_TOKEN',
    everybody: true,
  },
  'POST /auth/logout': {
    send: ({ people }) => ({ body: { refreshToken: people.owner.token } }),
    known: 'INVALID_TOKEN',
    everybody: true,
  },
  'POST /auth/device': { send: () => ({ body: {} }), known: 201, everybody: true },
  'POST /auth/device/outcome': { send: () => ({ body: { secret: 'unknown' } }), known: 'NOT_FOUND', everybody: true },

  'GET /api/me': { known: 200, secret: { word: ({ people }) => people.owner.email, to: ['owner'] } },
  'GET /api/audit': { known: 200, secret: { word: ({ machine }) => machine.id, to: ['owner'] } },
  'GET /api/logins': { known: 200, secret: { word: ({ people }) => people.owner.loginId, to: ['owner'] } },
  'DELETE /api/logins': { known: 204 },
  'DELETE /api/logins/:id': {
    send: ({ people }) => ({ params: { id: people.owner.loginId } }),
    known: ownerOnly(204, 'NOT_FOUND'),
  },
  'POST /api/password': {
    send: () => ({ body: { current: 'wrong', next: 'long enough' } }),
    known: 'INVALID_CREDENTIALS',
  },
  'POST /api/sign-in-links': { send: () => ({ body: { password: 'wrong' } }), known: 'INVALID_CREDENTIALS' },
  'POST /api/sso/link': { send: () => ({ body: {} }), known: 'NOT_FOUND' },
  'GET /api/identities': { known: 200 },
  'DELETE /api/identities/:id': { send: () => ({ params: { id: randomUUID() } }), known: 'NOT_FOUND' },

  'GET /api/admin/overview': { known: adminOnly(200) },
  'GET /api/invites': { known: adminOnly(200) },
  'POST /api/invites': { send: () => ({ body: {} }), known: adminOnly(201) },
  'DELETE /api/invites/:id': { send: () => ({ params: { id: randomUUID() } }), known: adminOnly('NOT_FOUND') },

  'GET /api/device/:code': {
    send: async (_scene, _who, cast) => ({ params: { code: (await device(cast)).code } }),
    known: 200,
  },
  'POST /api/device/approve': {
    send: async (_scene, _who, cast) => ({ body: { code: (await device(cast)).code, password: PASSWORD } }),
    known: 204,
  },

  'GET /api/machines': { known: 200, secret: { word: ({ machine }) => machine.id, to: ['owner'] } },
  'POST /api/machines': { send: () => ({ body: { name: 'mine' } }), known: 201 },
  'PATCH /api/machines/:id': {
    send: ({ machine }) => ({ params: { id: machine.id }, body: { name: 'renamed' } }),
    known: ownerOnly(200, 'MACHINE_NOT_FOUND'),
  },
  'DELETE /api/machines/:id': {
    send: ({ machine }) => ({ params: { id: machine.id } }),
    known: ownerOnly(204, 'MACHINE_NOT_FOUND'),
  },
  'POST /api/machines/:id/token': {
    send: ({ machine }) => ({ params: { id: machine.id } }),
    known: ownerOnly(200, 'MACHINE_NOT_FOUND'),
  },

  'POST /api/machines/:id/sessions/:sessionId/shares': {
    send: (scene) => ({ params: session(scene), body: { role: 'driver' } }),
    known: ownerOnly(201, 'MACHINE_NOT_FOUND'),
  },
  'GET /api/machines/:id/sessions/:sessionId/shares': {
    send: (scene) => ({ params: session(scene) }),
    known: ownerOnly(200, 'MACHINE_NOT_FOUND'),
  },
  'GET /api/machines/:id/sessions/:sessionId/attachments': {
    send: (scene) => ({ params: session(scene) }),
    known: { ...ownerOnly(200, 'MACHINE_NOT_FOUND'), viewer: 200, driver: 200 },
  },
  'DELETE /api/machines/:id/sessions/:sessionId/shares/:shareId': {
    send: (scene) => ({ params: { ...session(scene), shareId: scene.shares.driver } }),
    known: ownerOnly(204, 'SHARE_NOT_FOUND'),
  },
  'GET /api/shares': {
    known: 200,
    secret: { word: ({ sessionId }) => sessionId, to: ['owner', 'viewer', 'driver'] },
  },
  'POST /api/shares': {
    send: ({ linkToken }) => ({ body: { token: linkToken } }),
    // Whoever has the link comes in; the owner is in already.
    known: { ...all(201), owner: 'VALIDATION' },
  },
  'DELETE /api/shares/:shareId': {
    send: ({ shares }) => ({ params: { shareId: shares.driver } }),
    known: { ...all('SHARE_NOT_FOUND'), driver: 204 },
  },
};

/** Files for browsers, and the documentation: the same for everybody. */
const isFile = (url: string) =>
  /^\/(documentation|assets|manifest|favicon|icon|robots)/.test(url) ||
  ['/', '/m/:machineId/s/:sessionId', '/settings', '/device', '/link', '/join', '/sso'].includes(url) ||
  /^\/[\w.-]+\.(svg|png|ico|webmanifest|js|css|txt|html)$/.test(url);
/** Upgrades: who may say what there is in the tables of messages. */
const SOCKETS = ['GET /ws/agent', 'GET /ws/client'];

/** What is really registered. */
async function registered(): Promise<string[]> {
  const found: string[] = [];
  const http = await createHttpServer({ trustProxy: false });
  http.addHook('onRoute', ({ method, url, schema }) => {
    const hidden = (schema as { hide?: boolean } | undefined)?.hide === true;
    for (const each of [method].flat()) {
      if (each === 'HEAD' || each === 'OPTIONS' || (hidden && each === 'GET' && isFile(url))) continue;
      found.push(`${each} ${url}`);
    }
  });
  await httpRoutes(http, {} as Parameters<typeof httpRoutes>[1]);
  await websocketRoutes(http, { admission: new Admission(systemClock) } as Parameters<typeof websocketRoutes>[1]);
  await http.close();
  return [...new Set(found)].filter((route) => !SOCKETS.includes(route)).sort();
}

it('has a row for every route, and no row for none', async () => {
  expect(Object.keys(TABLE).sort()).toEqual(await registered());
});

describe('each route', () => {
  let relays: Relays;
  let cast: Cast;
  beforeAll(async () => {
    relays = await startRelays({ pods: 2, env: { RATE_LIMITS: '0' } });
    cast = new Cast(relays);
  });
  afterAll(() => relays?.[Symbol.asyncDispose]());

  const call = async (route: string, sent: Sent, token: string | undefined) => {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replaceAll(/:(\w+)/g, (_, name) => encodeURIComponent(String(sent.params?.[name])));
    return relays
      .pod(1)
      .call(method, path, { token, redirect: 'manual', ...('body' in sent ? { body: sent.body } : {}) });
  };
  const outcome = ({ status, body }: { status: number; body: unknown }): Outcome =>
    status < 400 ? status : ((body as { code?: string }).code ?? status);

  it.each(Object.entries(TABLE))('%s', async (route, row) => {
    const scene = await cast.scene();
    const wrong: string[] = [];
    const check = (who: string, got: Outcome, expected: Outcome) => {
      if (got !== expected) wrong.push(`${who}: ${got}, not ${expected}`);
    };
    // Those without a good token first: whatever they send, it must change nothing for those who come after.
    for (const who of CALLERS.filter((each) => !KNOWN.includes(each as Known))) {
      const sent = (await row.send?.(scene, 'owner', cast)) ?? {};
      const answer = await call(route, sent, await scene.token(who));
      const everybody = typeof row.known === 'object' ? row.known.owner : row.known;
      const refusal = who === 'nobody' ? 'NOT_AUTHENTICATED' : 'INVALID_TOKEN';
      check(who, outcome(answer), row.everybody ? everybody : refusal);
    }
    for (const who of KNOWN) {
      const sent = (await row.send?.(scene, who, cast)) ?? {};
      const answer = await call(route, sent, await scene.token(who));
      check(who, outcome(answer), typeof row.known === 'object' ? row.known[who] : row.known);
      const { secret } = row;
      if (secret) {
        const told = JSON.stringify(answer.body).includes(secret.word(scene));
        if (told && !secret.to.includes(who)) wrong.push(`${who} is told what is not theirs`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
