// Sockets in Node over real TCP: who waits for room is told when there is some, however little or much was sent before.
import { once } from 'node:events';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ACCEPTED, dialWs, STRANGERS_PIECES, socketOf } from './node.ts';
import type { Socket } from './socket.ts';

let server: WebSocketServer;
let peer: WebSocket;
let socket: Socket;
let heard: (string | Buffer)[];
beforeEach(async () => {
  server = new WebSocketServer({ ...ACCEPTED, host: '127.0.0.1', port: 0, maxPayload: 64 * 1024 * 1024 });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  heard = [];
  const keep = (message: string | Uint8Array) =>
    void heard.push(typeof message === 'string' ? message : Buffer.from(message));
  const events = { text: keep, binary: keep, close() {} };
  socket = await new Promise<Socket>((resolve) => dialWs()(`ws://127.0.0.1:${port}/`, events, resolve));
  [peer] = (await accepted) as [WebSocket];
});
afterEach(() => {
  peer.terminate();
  server.close();
});

const told = (bytes: number) => {
  const run = vi.fn();
  socket.whenBelow(bytes, run);
  return run;
};

it('messages of every length arrive whole and in their order, from either side', async () => {
  const lengths = [0, 1, 124, 125, 126, 127, 255, 256, 257, 4_095, 4_096, 4_097, 65_535, 65_536, 200_000];
  const sent = [...lengths, ...lengths.toReversed()].flatMap((length, n) => [
    Buffer.alloc(length, n + 1),
    `${n}`.repeat(length),
  ]);
  // The other side answers in kind, as a server does.
  const server = socketOf(peer, {
    text: (message) => server.sendText(message),
    binary: (message) => server.sendBinary(message),
    close() {},
  });
  for (const message of sent) {
    if (typeof message === 'string') socket.sendText(message);
    else socket.sendBinary(message);
  }
  await vi.waitFor(() => expect(heard).toHaveLength(sent.length), { timeout: 10_000 });
  expect(heard.map((message, n) => Buffer.from(message).equals(Buffer.from(sent[n] ?? '')))).not.toContain(false);
});

/** The TCP socket below, and how often it has written. */
const tcpOf = (ws: WebSocket) => (ws as unknown as { _socket: TcpSocket })._socket;
function writesOf(ws: WebSocket): () => number {
  const { _handle: handle } = tcpOf(ws) as unknown as { _handle: { writeBuffer(): number; writev(): number } };
  const spies = [vi.spyOn(handle, 'writeBuffer'), vi.spyOn(handle, 'writev')];
  return () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
}

it('sends what one callback sends in one write, which a flush hurries', async () => {
  const writes = writesOf(peer);
  const server = socketOf(peer, { text() {}, binary() {}, close() {} });
  for (const message of ['a', 'b', 'c']) server.sendBinary(Buffer.from(message));
  expect(writes()).toBe(0);
  server.flush?.();
  expect(writes()).toBe(1);
  server.sendText('d');
  server.sendBinary(Buffer.from('e'));
  expect(writes()).toBe(1);
  await vi.waitFor(() => expect(heard.map(String)).toEqual(['a', 'b', 'c', 'd', 'e']));
  expect(writes()).toBe(2);
});

it('answers the last message of those that came together at once, with the answers to the others', async () => {
  const writes = writesOf(peer);
  const seen: number[] = [];
  const server = socketOf(peer, {
    text() {},
    binary(message) {
      server.sendBinary(message);
      seen.push(writes());
    },
    close() {},
  });
  socket.sendBinary(Buffer.from('alone'));
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  expect(seen).toEqual([1]);
  for (const message of ['a', 'b', 'c']) socket.sendBinary(Buffer.from(message));
  await vi.waitFor(() => expect(heard).toHaveLength(4));
  expect(seen).toEqual([1, 1, 1, 1]);
  expect(writes()).toBe(2);
});

it('hears a message that comes byte by byte, and those behind it', async () => {
  const tcp = tcpOf(peer);
  tcp.setNoDelay(true);
  for (const byte of [0x82, 3, 97, 98, 99, 0x82]) await new Promise((done) => tcp.write(Buffer.from([byte]), done));
  tcp.write(Buffer.from([1, 100, 0x81, 1, 101]));
  await vi.waitFor(() => expect(heard.map(String)).toEqual(['abc', 'd', 'e']));
});

it.each([
  ['larger than is allowed', Buffer.from([0x82, 126, 0x10, 0]), 1009],
  ['of no known kind', Buffer.from([0x83, 0]), 1002],
  ['with bits that mean nothing', Buffer.from([0xf2, 0]), 1002],
])('a message %s ends the connection, and says why', async (_, bytes, code) => {
  const close = vi.fn();
  const gone = once(peer, 'close');
  socket.events = { text: socket.events.text, binary: socket.events.binary, close };
  socket.allow?.(1_000);
  const tcp = tcpOf(peer);
  tcp.write(Buffer.from([0x82, 1, 97]));
  tcp.write(bytes);
  tcp.write(Buffer.from([0x82, 1, 98]));
  expect((await gone)[0]).toBe(code);
  await vi.waitFor(() => expect(close).toHaveBeenCalledOnce());
  expect(heard.map(String)).toEqual(['a']);
});

it('a server answers pings, but not those of somebody who does not read', async () => {
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const pinging = new WebSocket(`ws://127.0.0.1:${port}/`);
  const pongs: string[] = [];
  pinging.on('pong', (data) => pongs.push(String(data)));
  await once(pinging, 'open');
  const [ws] = (await accepted) as [WebSocket];
  const pinged = vi.fn();
  ws.on('ping', pinged);
  const toPinging = socketOf(ws, { text() {}, binary() {}, close() {} });
  pinging.ping('first');
  await vi.waitFor(() => expect(pongs).toEqual(['first']));
  pinging.pause();
  toPinging.sendBinary(Buffer.alloc(8 * 1024 * 1024));
  await new Promise(setImmediate);
  pinging.ping('second');
  await vi.waitFor(() => expect(pinged).toHaveBeenCalledTimes(2));
  pinging.resume();
  await vi.waitFor(() => expect(toPinging.buffered).toBe(0), { timeout: 10_000 });
  pinging.ping('third');
  await vi.waitFor(() => expect(pongs).toEqual(['first', 'third']));
  pinging.terminate();
});

it.each([
  ['pings', 0x89],
  ['pongs', 0x8a],
])('a server leaves who sends %s by the hundred at once', async (_, type) => {
  socketOf(peer, { text() {}, binary() {}, close() {} });
  const gone = once(peer, 'close');
  // As much as one read brings.
  tcpOf((socket as unknown as { ws: WebSocket }).ws).write(
    Buffer.alloc(6 * 500, Buffer.from([type, 0x80, 0, 0, 0, 0])),
  );
  expect((await gone)[0]).toBe(1006);
});

it.each([
  ['leaves who sends a message in too many pieces', false],
  ['takes more pieces of who was let in', true],
])('a server %s', async (_, letIn) => {
  const { _receiver: receiver } = peer as unknown as { _receiver: { _bufferedBytes: number } };
  const served = socketOf(peer, { text() {}, binary() {}, close() {} });
  if (letIn) served.allow?.(64 * 1024);
  const tcp = tcpOf((socket as unknown as { ws: WebSocket }).ws);
  tcp.setNoDelay(true);
  const gone = vi.fn();
  peer.once('close', gone);
  tcp.write(Buffer.from([0x82, 0x80 | 126, 0xff, 0xff, 0, 0, 0, 0]));
  for (let n = 1; n < 2 * STRANGERS_PIECES && gone.mock.calls.length === 0; n++) {
    tcp.write(Buffer.from([97]));
    // The next one is sent when this one has been read.
    await vi.waitFor(
      () => expect(gone.mock.calls.length || receiver._bufferedBytes).toBe(gone.mock.calls.length || n),
      {
        interval: 1,
      },
    );
  }
  expect(gone).toHaveBeenCalledTimes(letIn ? 0 : 1);
});

it('tells at once where little waits', async () => {
  socket.sendText('a');
  socket.sendBinary(Buffer.alloc(3_000));
  const run = told(1);
  expect(run).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(run).toHaveBeenCalledOnce());
});

it('tells when so much has left, not before, and once', async () => {
  peer.pause();
  // More than the kernel holds for a peer that does not read, in one piece and many, little ones among them.
  socket.sendText('first');
  for (let n = 0; n < 200; n++) socket.sendBinary(Buffer.alloc(n % 3 === 0 ? 100 : 120_000));
  socket.sendBinary(Buffer.alloc(8 * 1024 * 1024));
  await new Promise(setImmediate);
  const { buffered } = socket;
  expect(buffered).toBeGreaterThan(8 * 1024 * 1024);
  const [some, all] = [told(buffered - 1_000_000), told(64 * 1024)];
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(some).not.toHaveBeenCalled();
  peer.resume();
  await vi.waitFor(() => expect(all).toHaveBeenCalledOnce(), { timeout: 10_000 });
  expect(some).toHaveBeenCalledOnce();
  expect(socket.buffered).toBeLessThanOrEqual(64 * 1024);
});

it('tells nobody of a socket that has closed', async () => {
  peer.pause();
  socket.sendBinary(Buffer.alloc(32 * 1024 * 1024));
  const run = told(1_024);
  socket.terminate();
  await vi.waitFor(() => expect(socket.open).toBe(false));
  await new Promise(setImmediate);
  expect(run).not.toHaveBeenCalled();
});
