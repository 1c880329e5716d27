// How many sessions one agent runs, and how many look at one of them: what is too much is refused, and room is used again.

import { randomUUID } from 'node:crypto';
import { LIMITS, type MachineMessage } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { beforeEach, expect, it } from 'vitest';
import { noScreen } from '../screen/no-screen.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Exit, Sessions, type Surroundings } from './sessions.ts';

type Told = { type: string; code?: string; session?: { id: string } };

let told: Told[];
let endings: Map<number, () => void>;
let sessions: Sessions;
const userId = randomUUID();
const nothing = () => {};

beforeEach(() => {
  told = [];
  endings = new Map();
  const outlet = {
    ...{ message: (m: Told) => void told.push(m), reply: (m: Told) => void told.push(m), frame: nothing },
    ...{ wants: nothing, changed: nothing, room: 0 },
  } as unknown as Exit;
  let pid = 0;
  const spawn = (): Terminal => {
    const own = ++pid;
    return {
      ...{ pid: own, unread: 0, onData: nothing, write: nothing, onDrain: nothing, resize: nothing },
      ...{ pause: nothing, resume: nothing, kill: nothing },
      onExit: (listener) => endings.set(own, () => listener({ exitCode: 0, signal: null })),
    };
  };
  const given: Surroundings = {
    spawn,
    createScreen: (size, scrollback) => ({
      ...noScreen(size, scrollback),
      snapshot: nothing,
    }),
    // Nothing here waits.
    clock: { ...systemClock, after: () => ({ cancel: nothing }), every: () => ({ cancel: nothing }) },
    newId: randomUUID,
    defaults: { command: 'sh', args: [], cwd: '/', env: {}, size: { cols: 80, rows: 24 } },
  };
  sessions = new Sessions(outlet, given);
});

function start(): Told {
  sessions.message({ type: 'start_session', requestId: randomUUID(), pod: 'pod', userId } as MachineMessage);
  return told.at(-1) as Told;
}
function attach(sessionId: string, clientId = randomUUID(), attempt = 1): Told {
  const ids = { sessionId, clientId, attempt, userId, pod: 'pod', connectionId: 'c' };
  const order = { type: 'attach', ...ids, readOnly: false, mode: 'stream', from: null, inputFrom: 0 };
  told.length = 0;
  sessions.message(order as unknown as MachineMessage);
  return told.find(({ type }) => type === 'attached' || type === 'attach_refused') as Told;
}

it('a machine runs so many sessions; one that has ended makes room', () => {
  for (let i = 0; i < LIMITS.sessionsPerMachine; i++) expect(start().type).toBe('session_started');
  expect(start()).toMatchObject({ type: 'request_failed', code: 'SESSION_LIMIT' });
  expect(sessions.list).toHaveLength(LIMITS.sessionsPerMachine);
  endings.get(7)?.();
  expect(start().type).toBe('session_started');
  expect(sessions.list).toHaveLength(LIMITS.sessionsPerMachine);
  expect(start()).toMatchObject({ type: 'request_failed', code: 'SESSION_LIMIT' });
});

it('a session is looked at by so many; who is there may attach anew, and who leaves makes room', () => {
  const id = String(start().session?.id);
  const clients = Array.from({ length: LIMITS.attachmentsPerSession }, () => randomUUID());
  for (const client of clients) expect(attach(id, client).type).toBe('attached');
  expect(attach(id)).toMatchObject({ type: 'attach_refused', code: 'ATTACHMENT_LIMIT' });
  expect(attach(id, clients[0], 2).type).toBe('attached');
  sessions.message({ type: 'detach', sessionId: id, clientId: String(clients[1]), attempt: 1 });
  expect(attach(id).type).toBe('attached');
  expect(sessions.attachments).toHaveLength(LIMITS.attachmentsPerSession);
});
