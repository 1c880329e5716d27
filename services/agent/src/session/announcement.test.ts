// An agent is never refused for what it says of its sessions, however many and however named (MSG-2).
import { randomUUID } from 'node:crypto';
import { LIMITS } from '@hermit/protocol';
import { expect, it } from 'vitest';
import { HandRelay } from '../kit/hand-relay.ts';

const told = ({ sessions }: HandRelay) =>
  JSON.stringify({ type: 'sessions', sessions: sessions.list, attachments: sessions.attachments });

it('tells of as many sessions as there may be, with the longest commands', () => {
  const relay = new HandRelay();
  for (let i = 0; i < LIMITS.sessionsPerMachine; i++) {
    const session = relay.start({ name: '"'.repeat(64), command: 'bash', args: ['\u001b\u{1f600}'.repeat(2_000)] });
    for (let n = 0; i < 40 && n < LIMITS.attachmentsPerSession; n++) {
      relay.attach(session, randomUUID(), { pod: 'p'.repeat(63) });
    }
  }
  const message = told(relay);
  expect(message.length).toBeLessThanOrEqual(LIMITS.agentMessage);
  expect(Buffer.byteLength(message)).toBeLessThan(LIMITS.messageHard);
  expect(relay.sessions.list).toHaveLength(LIMITS.sessionsPerMachine);
  expect(relay.sessions.list[0]).toMatchObject({ attachedClients: LIMITS.attachmentsPerSession });
  expect(relay.sessions.list[0]?.command).toMatch(/^bash \u001b\u{1f600}/u);
});

it('tells of more attachments where the sessions leave room, and cuts nothing that is short', () => {
  const relay = new HandRelay();
  const args = ['-c', 'make all'];
  for (let i = 0; i < 20; i++) {
    const session = relay.start({ command: 'sh', args });
    for (let n = 0; n < LIMITS.attachmentsPerSession; n++) relay.attach(session, randomUUID());
  }
  expect(relay.sessions.attachments).toHaveLength(20 * LIMITS.attachmentsPerSession);
  expect(relay.sessions.list[0]?.command).toBe('sh -c make all');
  expect(told(relay).length).toBeLessThanOrEqual(LIMITS.agentMessage);
});
