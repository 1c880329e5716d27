// How an agent may introduce itself: with which epoch, and under which name.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HandAgent, type Relays, startRelays } from './relay-kit.ts';

let relays: Relays;
beforeAll(async () => {
  relays = await startRelays({ embedded: true });
});
afterAll(() => relays?.[Symbol.asyncDispose]());
const agent = async () => relays.use(await HandAgent.open(`${relays.pod(0).url}/ws/agent`));

it('an epoch of far in the future holds no machine', async () => {
  const person = await relays.person();
  const machine = await relays.machine(person);
  const early = await agent();
  const answer = await early.register(machine, { epoch: Number.MAX_SAFE_INTEGER });
  expect(answer).toMatchObject({
    success: false,
    error: { code: 'INVALID_MESSAGE', message: expect.stringContaining('clock') },
  });
  expect(await early.closedWith()).toBe(4001);
  const owner = await relays.agent(0, machine);
  expect(owner.closed).toBeNull();
});

it('a machine that was renamed comes back by the name that its agent knows, and is new by its own alone', async () => {
  const person = await relays.person();
  const machine = await relays.machine(person);
  const first = await relays.agent(0, machine);
  const path = `/api/machines/${machine.id}`;
  await relays.pod(0).call('PATCH', path, { token: person.accessToken, body: { name: 'another' } });
  first.ws.terminate();
  const back = await (await agent()).register(machine, { lastEpoch: Date.now() });
  expect(back).toMatchObject({ success: true, machineId: machine.id });
  const fresh = await (await agent()).register(machine);
  expect(fresh).toMatchObject({ success: false, error: { code: 'MACHINE_NAME_MISMATCH' } });
});
