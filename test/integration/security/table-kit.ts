// What the tables of messages share: a person who looks at a session, what is sent about it, and what comes back.
import { randomUUID } from 'node:crypto';
import { outputFrame, type RelayToClient, uuidBytes } from '@hermit/protocol';
import { until } from '../kit/wait.ts';
import type { Scene } from './cast.ts';
import type { HandClient } from './relay-kit.ts';

export const SIZE = { cols: 100, rows: 40 };

export const machineOf = ({ machine }: Scene) => ({ machineId: machine.id });
export const sessionOf = ({ sessionId }: Scene) => ({ sessionId });
export const output = ({ sessionId }: Scene, to: Parameters<typeof outputFrame>[4]) =>
  outputFrame(uuidBytes(sessionId), 0, SIZE, 6, to).fill(0x78, -6);

/** Not an answer to anything. */
export const UNASKED = ['tip', 'machine_changed', 'data', 'input_ack'];

export async function look(client: HandClient, scene: Scene): Promise<string> {
  const answer = await client.attach(scene.machine.id, scene.sessionId);
  client.messages.length = 0;
  return answer.type === 'attached' ? answer.clientId : randomUUID();
}

export async function answerOf(client: HandClient): Promise<string | null> {
  // A pong comes after whatever needs no question to anybody.
  client.send({ type: 'ping' });
  let answer: RelayToClient | undefined;
  await until('an answer', () => {
    const heard = client.messages.filter(({ type }) => !UNASKED.includes(type));
    answer = heard.find(({ type }) => type !== 'pong') ?? (heard.length > 1 ? heard[0] : undefined);
    return answer !== undefined || heard.length > 0;
  });
  if (answer === undefined) return null;
  return answer.type === 'error' ? answer.code : answer.type;
}
