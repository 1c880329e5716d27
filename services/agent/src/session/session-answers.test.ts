// Who answers a program's queries: the screen while nobody is attached, and then nobody but the driver (IN-5, IN-6).

import { randomUUID } from 'node:crypto';
import type { MachineMessage } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { beforeEach, expect, it } from 'vitest';
import { noScreen } from '../screen/no-screen.ts';
import { type Exit, Sessions } from './sessions.ts';

const nothing = () => {};
const userId = randomUUID();
const clientId = randomUUID();

let sessionId: string;
/** What the program has read. */
let read: string;
let unread: number;
/** The screen says that the program is to be told this. */
let reply: (text: string) => void;
/** Whether the screen answers what is written now. */
let answers: boolean;
let end: () => void;
let sessions: Sessions;

beforeEach(() => {
  read = '';
  unread = 0;
  answers = true;
  let started = '';
  const told = (m: { type: string; session?: { id: string } }) => {
    if (m.type === 'session_started') started = String(m.session?.id);
  };
  const outlet = { message: told, reply: told, frame: nothing, wants: nothing, changed: nothing, room: 0 };
  sessions = new Sessions(outlet as unknown as Exit, {
    spawn: () => ({
      ...{ pid: 1, onData: nothing, onDrain: nothing, resize: nothing, pause: nothing, resume: nothing, kill: nothing },
      get unread() {
        return unread;
      },
      write: (bytes) => {
        read += Buffer.from(bytes).toString();
      },
      onExit: (listener) => {
        end = () => listener({ exitCode: 0, signal: null });
      },
    }),
    createScreen: (size, scrollback) => ({
      ...noScreen(size, scrollback),
      snapshot: nothing,
      answer: (on) => {
        answers = on;
      },
      onReply: (listener) => {
        reply = (text) => listener(Buffer.from(text));
      },
    }),
    clock: { ...systemClock, after: () => ({ cancel: nothing }), every: () => ({ cancel: nothing }) },
    newId: randomUUID,
    defaults: { command: 'sh', args: [], cwd: '/', env: {}, size: { cols: 80, rows: 24 } },
  });
  sessions.message({ type: 'start_session', requestId: randomUUID(), pod: 'pod', userId } as MachineMessage);
  sessionId = started;
});

function attach(readOnly = false): void {
  const ids = { sessionId, clientId, attempt: 1, userId, pod: 'pod', connectionId: 'c' };
  const order = { type: 'attach', ...ids, readOnly, mode: 'stream', from: 0, inputFrom: 0 };
  sessions.message(order as unknown as MachineMessage);
}
const detach = () => sessions.message({ type: 'detach', sessionId, clientId, attempt: 1 });

it('the screen answers while nobody is attached', () => {
  expect(answers).toBe(true);
  reply('one');
  expect(read).toBe('one');
});

it.each([false, true])(
  'it answers nobody who is attached, and again when they have left (read-only: %s)',
  (readOnly) => {
    attach(readOnly);
    expect(answers).toBe(false);
    // Parsed late: the query was printed before.
    reply('late');
    expect(read).toBe('');
    detach();
    expect(answers).toBe(true);
    reply('alone');
    expect(read).toBe('alone');
  },
);

it('it answers no program that reads nothing, and none that has ended', () => {
  unread = 10 * 1024 * 1024;
  reply('more');
  unread = 0;
  end();
  reply('over');
  expect(read).toBe('');
});
