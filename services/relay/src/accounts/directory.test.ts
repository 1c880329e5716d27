// Who is let in while the database is away, and for how long; with a clock that is moved by hand.
import { randomUUID } from 'node:crypto';
import { HermitError } from '@hermit/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTokenKeys } from '../auth/token-keys.ts';
import { createTokens } from '../auth/tokens.ts';
import type { Directory, KnownMachine } from '../relay/directory.ts';
import { createDirectory, type DirectoryOptions } from './directory.ts';
import { issueMachineToken } from './machine-token.ts';
import type { Machine } from './machines.ts';
import { RememberedTokens } from './remembered-tokens.ts';

const MINUTE = 60_000;
const userId = randomUUID();
const id = randomUUID();
const { token } = issueMachineToken(id);
const machine: Machine = { id, userId, name: 'box', lastSeen: null };
const letIn = { machineId: id, userId, name: 'box' };
const away = { code: 'UNAVAILABLE' };

let answer: () => Promise<unknown>;
let memory: RememberedTokens;
let restored: number;
let directory: Directory & { close(): void };
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  memory = new RememberedTokens();
  memory.listen();
  restored = 0;
  const accounts = new Proxy({}, { get: () => () => answer() }) as DirectoryOptions['accounts'];
  directory = createDirectory({
    accounts,
    tokens: createTokens(createTokenKeys(['a-secret-of-more-than-32-characters'])),
    presence: { machines: async () => new Map() },
    memory,
    restored: () => restored++,
  });
});
afterEach(() => {
  directory.close();
  vi.useRealTimers();
});

const agent = async (of = token, introduction = true, name = 'box') => {
  let said: KnownMachine | HermitError | undefined;
  directory.agent(
    of,
    name,
    (found) => {
      said = found;
    },
    introduction,
  );
  await vi.advanceTimersByTimeAsync(0);
  for (let waited = 0; said === undefined && waited < 9_000; waited += 100) await vi.advanceTimersByTimeAsync(100);
  return said;
};
const there = async () => machine;
const silent = () => new Promise<never>(() => {});
const refusing = async () => {
  throw new HermitError('UNAVAILABLE');
};

it.each([
  ['answers nothing', silent],
  ['refuses', refusing],
])(
  'an agent that was here is let in while the database %s; a stranger, and a wrong token, are not',
  async (_, gone) => {
    answer = there;
    expect(await agent()).toEqual(letIn);
    answer = gone;
    expect(await agent()).toEqual(letIn);
    expect(await agent(token, true, 'another')).toMatchObject({ code: 'MACHINE_NAME_MISMATCH' });
    expect(await agent(issueMachineToken(id).token)).toMatchObject(away);
    expect(await agent(issueMachineToken(randomUUID()).token)).toMatchObject(away);
  },
);

it('doubts about an agent that is here are settled by the database alone', async () => {
  answer = there;
  await agent();
  answer = refusing;
  expect(await agent(token, false)).toMatchObject(away);
});

it('a machine that was revoked meanwhile is not let in', async () => {
  answer = there;
  await agent();
  answer = silent;
  let said: unknown;
  directory.agent(
    token,
    'box',
    (found) => {
      said = found;
    },
    true,
  );
  await vi.advanceTimersByTimeAsync(1_000);
  memory.forget(id);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(said).toMatchObject(away);
});

it('what the database says no to is forgotten; another token of that machine is no reason to', async () => {
  answer = there;
  await agent();
  answer = async () => null;
  expect(await agent(issueMachineToken(id).token)).toMatchObject({ code: 'INVALID_TOKEN' });
  expect(memory.find(token)).not.toBeNull();
  expect(await agent()).toMatchObject({ code: 'INVALID_TOKEN' });
  answer = refusing;
  expect(await agent()).toMatchObject(away);
});

it('memory is good for a quarter of an hour of one outage, and again in the next', async () => {
  answer = there;
  await agent();
  answer = refusing;
  expect(await agent()).toEqual(letIn);
  await vi.advanceTimersByTimeAsync(14 * MINUTE);
  expect(await agent()).toEqual(letIn);
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(await agent()).toMatchObject(away);
  // Nobody asks but the probe.
  answer = there;
  await vi.advanceTimersByTimeAsync(MINUTE);
  answer = refusing;
  expect(await agent()).toEqual(letIn);
});

it('who was known still is, unless their login has ended; a database that is away ends nobody’s', async () => {
  const who = { userId: randomUUID(), email: 'u@example.org', loginId: randomUUID(), expiresAt: 0 };
  const still = async () => {
    let said: HermitError | null | undefined;
    directory.still(who, (why) => {
      said = why;
    });
    for (let waited = 0; said === undefined && waited < 9_000; waited += 100) await vi.advanceTimersByTimeAsync(100);
    return said;
  };
  answer = there;
  expect(await still()).toBeNull();
  answer = async () => {
    throw new HermitError('INVALID_TOKEN');
  };
  expect(await still()).toMatchObject({ code: 'INVALID_TOKEN' });
  for (const away of [refusing, silent]) {
    answer = away;
    expect(await still()).toBeNull();
  }
});

it('once the database is back, all that was taken on trust is looked at again, once', async () => {
  answer = there;
  await agent();
  answer = refusing;
  await agent();
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(restored).toBe(0);
  answer = there;
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(restored).toBe(1);
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(restored).toBe(1);
});
