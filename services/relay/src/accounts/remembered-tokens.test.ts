// What a pod remembers of machine tokens, and what it forgets.
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { issueMachineToken } from './machine-token.ts';
import { RememberedTokens } from './remembered-tokens.ts';

const box = (name = 'box') => {
  const id = randomUUID();
  return { machine: { id, userId: randomUUID(), name }, token: issueMachineToken(id).token };
};
let memory: RememberedTokens;
const remember = ({ machine, token }: ReturnType<typeof box>, asOf = memory.forgettings) =>
  memory.remember(token, machine, asOf);
beforeEach(() => {
  memory = new RememberedTokens(3);
  memory.listen();
});

it('knows a token that was confirmed, and no other of that machine', () => {
  const { machine, token } = box();
  remember({ machine, token });
  expect(memory.find(token)).toEqual(machine);
  expect(memory.find(issueMachineToken(machine.id).token)).toBeNull();
  for (const wrong of [token.slice(0, -1), '', 'nonsense', box().token]) expect(memory.find(wrong)).toBeNull();
});

it('keeps neither the token nor anything that the database added', () => {
  const { machine, token } = box();
  memory.remember(token, { ...machine, lastSeen: 1 } as typeof machine, memory.forgettings);
  expect(memory.find(token)).toEqual(machine);
  expect(JSON.stringify(Object.values(memory).map((v) => (v instanceof Map ? [...v] : v)))).not.toContain(
    token.slice(-43),
  );
});

it('forgets one machine, or all', () => {
  const [one, two] = [box(), box()];
  for (const each of [one, two]) remember(each);
  memory.forget(one.machine.id);
  expect([memory.find(one.token), memory.find(two.token)]).toEqual([null, two.machine]);
  memory.forgetAll();
  expect(memory.size).toBe(0);
});

it('takes the new token of a machine for the old one', () => {
  const { machine, token } = box();
  remember({ machine, token });
  const next = issueMachineToken(machine.id).token;
  remember({ machine, token: next });
  expect([memory.find(token), memory.find(next)]).toEqual([null, machine]);
});

it('is bounded: who was not here for longest goes first', () => {
  const boxes = Array.from({ length: 3 }, () => box());
  for (const each of boxes) remember(each);
  remember(boxes[0]!);
  remember(box());
  expect(memory.size).toBe(3);
  expect(boxes.map(({ token }) => memory.find(token) !== null)).toEqual([true, false, true]);
});

it('takes no answer that may be older than a revocation', () => {
  const asked = memory.forgettings;
  const one = box();
  memory.forget(one.machine.id);
  remember(one, asked);
  expect(memory.find(one.token)).toBeNull();
});

it('remembers nothing before it hears of revocations', () => {
  memory = new RememberedTokens();
  const one = box();
  remember(one);
  expect(memory.size).toBe(0);
});
