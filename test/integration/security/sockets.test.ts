// Real sockets in bad hands: pages of other sites, messages that are too large, and bytes that are no WebSocket at all.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { FRAME, LIMITS } from '@hermit/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../kit/wait.ts';
import { masked, RawSocket } from './raw-socket.ts';
import { dial, type HandClient, type Person, type Relays, startRelays } from './relay-kit.ts';

let relays: Relays;
let person: Person;
let bystander: HandClient;
beforeAll(async () => {
  relays = await startRelays({ embedded: true, env: { ALLOWED_ORIGINS: 'https://terminal.example.org' } });
  person = await relays.person();
  bystander = await relays.client(0, person.accessToken);
});
afterAll(() => relays?.[Symbol.asyncDispose]());

const url = (path = '/ws/client') => `${relays.pod(0).url}${path}`;
async function nobodyElseFeelsIt(): Promise<void> {
  bystander.send({ type: 'list_machines' });
  await bystander.heard('machines');
}

describe('a page in a browser', () => {
  const from = (origin: string, path?: string) =>
    dial(url(path), { origin }).then(
      (ws) => {
        ws.terminate();
        return 101;
      },
      ({ status }: { status: number }) => status,
    );

  it.each([
    'https://evil.example.org',
    'null',
    'http://127.0.0.1:1',
    'https://terminal.example.org.evil.org',
    'file://',
  ])('of %s opens no socket', async (origin) => {
    for (const path of ['/ws/client', '/ws/agent']) expect(await from(origin, path)).toBe(403);
  });

  it('of the relay itself, or of an origin that was named, does', async () => {
    expect(await from(relays.pod(0).url)).toBe(101);
    expect(await from('https://terminal.example.org')).toBe(101);
  });
});

describe.each(['client', 'agent'] as const)('what the %s socket does not understand', (kind) => {
  const open = async () => {
    if (kind === 'client') return await relays.client(0, person.accessToken);
    return await relays.agent(0, await relays.machine(person));
  };
  const short = Buffer.from([kind === 'client' ? FRAME.input : FRAME.output, 0, 0]);
  const large = Buffer.concat([Buffer.from([short[0] as number]), Buffer.alloc(LIMITS.message + 48)]);
  const limit = kind === 'client' ? LIMITS.message : LIMITS.agentMessage;
  const incomplete = JSON.stringify({ type: kind === 'client' ? 'attach' : 'register' });

  it.each<[string, string | Buffer, string]>([
    ['no JSON', 'what?', 'INVALID_JSON'],
    ['no object', '7', 'INVALID_MESSAGE'],
    ['an unknown type', '{"type":"teleport"}', 'INVALID_MESSAGE'],
    ['an incomplete message', incomplete, 'INVALID_MESSAGE'],
    ['text over the limit', `{"type":"ping","x":"${'x'.repeat(limit)}"}`, 'MESSAGE_TOO_LARGE'],
    ['a frame that is too short', short, 'INVALID_MESSAGE'],
    ['a frame of a type that does not go this way', Buffer.alloc(100, 99), 'INVALID_MESSAGE'],
    ['a frame over the limit', large, 'MESSAGE_TOO_LARGE'],
  ])('%s: answered with an error, and the socket goes on', async (_, said, code) => {
    using socket = await open();
    socket.ws.send(said);
    const messages: { type: string }[] = socket.messages;
    expect(await until('an error', () => messages.find(({ type }) => type === 'error'))).toMatchObject({
      code,
      message: expect.stringMatching(/\w.*\.$/),
    });
    socket.send({ type: 'ping' });
    await until('a pong', () => messages.some(({ type }) => type === 'pong'));
    await nobodyElseFeelsIt();
  });

  it('is answered before it has introduced itself, too', async () => {
    const ws = await dial(url(`/ws/${kind}`));
    const answers: unknown[] = [];
    ws.on('message', (data) => answers.push(JSON.parse(String(data))));
    for (const said of [kind === 'client' ? '{"type":"auth"}' : incomplete, '{"type":"stats"}', 'x', short])
      ws.send(said);
    await until('four answers', () => answers.length === 4);
    const [invalid, unknown] = ['INVALID_MESSAGE', kind === 'client' ? 'NOT_AUTHENTICATED' : 'INVALID_MESSAGE'];
    const codes = [invalid, invalid, 'INVALID_JSON', unknown];
    expect(answers).toMatchObject(codes.map((code) => ({ type: 'error', code })));
    ws.terminate();
  });
});

describe('a message', () => {
  it('over the limit is answered, and the socket goes on', async () => {
    const client = await relays.client(0, person.accessToken);
    client.send(`{"type":"ping","x":"${'x'.repeat(LIMITS.message)}"}`);
    expect(await client.heard('error')).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    client.ws.send(Buffer.concat([Buffer.from([FRAME.input]), Buffer.alloc(LIMITS.message + 48)]));
    expect(await client.heard('error')).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    client.send({ type: 'ping' });
    await client.heard('pong');
  });

  it('far beyond it costs the socket', async () => {
    const client = await relays.client(0, person.accessToken);
    client.ws.send(Buffer.alloc(LIMITS.clientMessageHard + 1));
    expect(await client.closedWith()).toBe(1009);
    await nobodyElseFeelsIt();
  });

  it('of somebody who has not said who they are has to be short: nothing long is kept for them', async () => {
    for (const path of ['/ws/client', '/ws/agent']) {
      const socket = await RawSocket.open(url(path));
      socket.header(0x1, LIMITS.strangerMessage + 1);
      await until('it is closed', () => socket.closeCode !== undefined);
      expect(socket.closeCode).toBe(1009);
      socket.destroy();
    }
  });
});

it('a socket that does not read is cut before much waits for it', async () => {
  const { pod } = relays.pod(0).app;
  const before = new Set(pod.clients);
  const socket = await RawSocket.open(url());
  socket.text({ type: 'auth', token: person.accessToken });
  const link = await until('it is known', () => [...pod.clients].find((each) => !before.has(each) && each.who));
  socket.pause();
  const { overflows } = pod.counters;
  const message = 'x'.repeat(256 * 1024);
  let most = 0;
  for (let i = 0; i < 200 && link.socket.open; i++) {
    link.socket.sendText(message);
    most = Math.max(most, link.socket.buffered);
    await new Promise((resume) => setImmediate(resume));
  }
  await until('it is gone', () => !pod.clients.has(link));
  expect(most).toBeLessThan(LIMITS.socketHard + 2 * message.length);
  expect(pod.counters.overflows).toBe(overflows + 1);
  socket.destroy();
  await nobodyElseFeelsIt();
});

describe('bytes that are no frames', () => {
  it.each<[string, Buffer, number]>([
    ['a frame that is not masked', Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
    ['an unknown opcode', masked(0x3, Buffer.from('x')), 1002],
    ['a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
    ['a continuation of nothing', masked(0x0, Buffer.from('x')), 1002],
    ['a ping that is fragmented', masked(0x9, Buffer.from('x'), false), 1002],
    ['a close with half a code', masked(0x8, Buffer.from([3])), 1002],
    ['a length beyond all bounds', Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 1009],
  ])('%s: closed with a code', async (_, bytes, code) => {
    const socket = await RawSocket.open(url());
    socket.write(bytes);
    await until('it is closed', () => socket.closeCode !== undefined);
    expect(socket.closeCode).toBe(code);
    socket.destroy();
    await until('it is over', () => socket.ended);
    await nobodyElseFeelsIt();
  });

  it('noise, a hundred times, harms nobody', async () => {
    const before = relays.pod(0).app.pod.clients.size;
    for (let i = 0; i < 100; i++) {
      const socket = await RawSocket.open(url());
      socket.write(randomBytes(1 + (i % 20) * 50));
      if (i % 3 === 0) socket.reset();
      else socket.destroy();
    }
    await until('all of them are forgotten', () => relays.pod(0).app.pod.clients.size === before);
    await nobodyElseFeelsIt();
  });

  it('a header that never ends costs one connection', async () => {
    const { hostname, port } = new URL(relays.pod(0).url);
    const socket = connect(Number(port), hostname);
    let said = '';
    socket.on('data', (data) => {
      said += data.toString();
    });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`GET /ws/client HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(64 * 1024)}`);
    await until('it is refused', () => said.includes('431'));
    expect(said).toContain('MESSAGE_TOO_LARGE');
    socket.destroy();
    await nobodyElseFeelsIt();
  });
});
