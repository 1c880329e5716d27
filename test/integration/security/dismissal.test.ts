// Sockets that were told to go and do not: nothing they say counts any more, and nothing is kept for them.
import { randomUUID } from 'node:crypto';
import { inputFrame, outputFrame, uuidBytes } from '@hermit/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../kit/wait.ts';
import { RawSocket } from './raw-socket.ts';
import { type Relays, startRelays } from './relay-kit.ts';

const UNAUTHORIZED = 4002;
const REMOVED = 4008;

let relays: Relays;
beforeAll(async () => {
  relays = await startRelays({ embedded: true });
});
afterAll(() => relays?.[Symbol.asyncDispose]());

it('a client whose login was ended types no more, and leaves its seat at once', async () => {
  const person = await relays.person();
  const agent = await relays.agent(0, await relays.machine(person));
  const [sessionId, clientId] = [agent.session(), randomUUID()];
  using client = await RawSocket.open(`${relays.pod(0).url}/ws/client`);
  client.text({ type: 'auth', token: person.accessToken });
  const { id: machineId } = await machineOf(person.accessToken);
  client.text({ type: 'attach', machineId, sessionId, clientId, attempt: 1, from: 0, mode: 'stream' });
  await until('it looks', () => client.messages.some(({ type }) => type === 'attached'));
  let at = 0;
  const type = () => {
    client.binary(inputFrame(uuidBytes(sessionId), uuidBytes(clientId), 1, at, Buffer.from('x'), false));
    at++;
  };
  type();
  await until('it types', () => agent.inputsOf(sessionId).length === 1);

  await relays.pod(0).call('DELETE', '/api/logins', { token: person.accessToken });
  await until('it is told to go', () => client.closeCode === UNAUTHORIZED);
  await agent.heard('detach', (m) => m.clientId === clientId);
  expect(client.ended).toBe(false);
  for (let i = 0; i < 20; i++) type();
  await until('it is cut', () => client.ended);
  expect(agent.inputsOf(sessionId)).toHaveLength(1);
});

it('an agent whose machine got a new token shows nothing more, and holds it no longer', async () => {
  const person = await relays.person();
  const machine = await relays.machine(person);
  using agent = await RawSocket.open(`${relays.pod(0).url}/ws/agent`);
  const epoch = Date.now();
  const known = { machineName: machine.name, token: machine.token, protocol: 1, epoch, lastEpoch: 0 };
  agent.text({ type: 'register', ...known, instanceId: randomUUID(), agentVersion: 'test' });
  await until('it is let in', () => agent.messages.some(({ type }) => type === 'registered'));
  agent.text({ type: 'current', interest: [] });
  const [sessionId, clientId] = [randomUUID(), randomUUID()];
  const client = await relays.client(0, person.accessToken, 'binary');
  client.send({ type: 'attach', machineId: machine.id, sessionId, clientId, attempt: 1, from: 0, mode: 'stream' });
  await until('it is asked', () => agent.messages.some(({ type }) => type === 'attach'));
  const ref = { sessionId, clientId, attempt: 1 };
  const view = { inputOffset: 0, readOnly: false, cols: 80, rows: 24, sizePolicy: 'latest', driver: null, first: 0 };
  agent.text({ type: 'attached', ...ref, ...view, end: 0 });
  agent.text({ type: 'live', ...ref, round: 0, marker: 1, offset: 0 });
  await client.heard('attached');
  const show = (at: number) => agent.binary(outputFrame(uuidBytes(sessionId), at, { cols: 80, rows: 24 }, 1, null));
  show(0);
  await until('it shows something', () => client.frames.length === 1);

  await relays.pod(0).call('POST', `/api/machines/${machine.id}/token`, { token: person.accessToken });
  await until('it is told to go', () => agent.closeCode === REMOVED);
  await until('the machine is offline', async () => !(await machineOf(person.accessToken)).online);
  expect(agent.ended).toBe(false);
  show(1);
  await until('it is cut', () => agent.ended);
  expect(client.frames).toHaveLength(1);
});

async function machineOf(token: string): Promise<{ id: string; online: boolean }> {
  type Listed = { machines: { id: string; online: boolean }[] };
  const { body } = await relays.pod(0).call<Listed>('GET', '/api/machines', { token });
  return body.machines[0] as Listed['machines'][number];
}
