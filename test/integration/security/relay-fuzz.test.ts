// Bad input from a relay, for the agent and for the client: neither dies of it, and what they say stays what may be said.
import { AgentToRelay, ClientToRelay, PROTOCOL_VERSION, parserOf } from '@hermit/protocol';
import type { Socket, SocketEvents } from '@hermit/transport';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HandNet, MACHINE, NotedView, SESSION } from '../../../packages/client/src/kit/hand-relay.ts';
import { HandRelay } from '../../../services/agent/src/kit/hand-relay.ts';
import { Link } from '../../../services/agent/src/link/link.ts';
import { type Input, toAgent, toClient } from './bad-input.ts';

const TOTAL = process.env.HERMIT_SOAK ? 1_000_000 : 20_000;
/** Inputs on one connection. */
const EACH = 20;
const SEED = Number(process.env.HERMIT_FUZZ_SEED ?? Date.now() % 2 ** 31);
const TIMEOUT = process.env.HERMIT_SOAK ? 3_600_000 : 60_000;
/** Whatever waits is due by then, leases and requests among it; milliseconds. */
const LONG = 120_000;

const parsers = { agent: parserOf(AgentToRelay), client: parserOf(ClientToRelay) };

function say(events: SocketEvents, input: Input): void {
  if (typeof input === 'string') events.text(input);
  else events.binary(input);
}

function play(inputs: fc.Arbitrary<Input>, run: (all: Input[]) => void): void {
  process.stdout.write(`      seed ${SEED} (HERMIT_FUZZ_SEED)\n`);
  const all = fc.array(inputs, { minLength: EACH, maxLength: EACH });
  fc.assert(fc.property(all, run), { numRuns: TOTAL / EACH, seed: SEED, endOnFailure: true });
}

it('an agent goes on, and so do its sessions', { timeout: TIMEOUT }, () => {
  const relay = new HandRelay();
  const session = relay.start();
  const typist = '55555555-5555-4555-8555-555555555555';
  let said = 0;
  play(toAgent({ uuids: [session.id, typist, MACHINE], tokens: ['token'] }), (all) => {
    const texts: string[] = [];
    const sockets: Socket[] = [];
    const link = new Link({
      ...{ url: 'relay', machineName: 'box', token: 'token', instanceId: MACHINE, agentVersion: 'test' },
      ...{ clock: relay.clock, random: () => 0.5, defer: (run) => run(), onState() {} },
      dial: (_url, events, opened) => {
        const socket: Socket = {
          ...{ events, open: true, buffered: 0, sendBinary() {}, whenBelow() {}, close() {}, terminate() {} },
          sendText: (text) => void texts.push(text),
        };
        sockets.push(socket);
        opened(socket);
        return { cancel() {} };
      },
    });
    link.sessions = relay.sessions;
    link.start();
    const { epoch } = JSON.parse(texts[0] as string) as { epoch: number };
    const registered = { type: 'registered', success: true, protocol: PROTOCOL_VERSION, machineId: MACHINE, epoch };
    const { events } = sockets[0] as Socket;
    events.text(JSON.stringify(registered));
    for (const input of all) say(events, input);
    relay.clock.advance(LONG);
    link.stop();
    for (const text of texts) parsers.agent(text);
    said += texts.length;
    relay.told.length = relay.frames.length = 0;
  });
  expect(said).toBeGreaterThan(TOTAL / EACH);
  const again = relay.start();
  relay.attach(again, typist, { mode: 'stream', from: 0 });
  relay.type(again, typist, 0, 'as before');
  expect(relay.terminals.at(-1)?.written).toBe('as before');
});

it('a client goes on, and asks for nothing that it may not', { timeout: TIMEOUT }, () => {
  const known = { uuids: [SESSION, MACHINE], tokens: ['token'] };
  play(toClient(known), (all) => {
    const net = new HandNet();
    const view = new NotedView();
    const attachment = net.attach(view);
    net.socket.attached();
    const { events } = net.socket;
    for (const input of all) say(events, input);
    attachment.type(new TextEncoder().encode('typed'));
    net.clock.advance(LONG);
    for (const socket of net.sockets) for (const m of socket.sent) parsers.client(JSON.stringify(m));
    net.connection.close();
  });
});
