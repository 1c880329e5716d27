// Rules of the stream, each tried alone on the real part that decides: a schedule rarely fails without them, since
// another rule heals what they prevent.
import {
  ackFrame,
  FRAME,
  framePosition,
  frameType,
  LIMITS,
  type MachineMessage,
  outputFrame,
  type SessionMessage,
  uuidBytes,
} from '@hermit/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../packages/client/src/kit/virtual-clock.ts';
import { noScreen } from '../../../services/agent/src/screen/no-screen.ts';
import { mustPause, type Paced } from '../../../services/agent/src/session/pacer.ts';
import { type Exit, Sessions } from '../../../services/agent/src/session/sessions.ts';
import { JsonLine, JsonWriter } from '../../../services/relay/src/relay/json-writer.ts';
import { Viewer, type ViewerHost } from '../../../services/relay/src/relay/viewer.ts';
import { CLIENT, MACHINE, SESSION, TestSocket, USER } from './hand-pod.ts';

const output = (offset: number) => outputFrame(uuidBytes(SESSION), offset, { cols: 80, rows: 24 }, 1, null);

const IDS = { sessionId: SESSION, clientId: CLIENT, attempt: 2 };
const SIZE = { cols: 80, rows: 24 };

describe('what a pod makes of what the agent sends to one of its viewers', () => {
  let socket: TestSocket;
  let viewer: Viewer;
  /** What the pod said to the machine. */
  let asked: { type: string; round: number }[];
  beforeEach(() => {
    socket = new TestSocket();
    asked = [];
    const counters = { demotions: 0, catchUpsGap: 0, catchUpsTip: 0 };
    const host = {
      pod: { counters, machines: { send: (_id: string, message: string) => asked.push(JSON.parse(message)) } },
      ...{ socket, tell() {}, refused() {} },
    } as unknown as ViewerHost;
    viewer = new Viewer(host, MACHINE, { type: 'attach', ...IDS, from: 0, mode: 'stream' } as never, null);
    const rest = { inputOffset: 0, readOnly: false, sizePolicy: 'latest', driver: null, first: 0, end: 0 } as const;
    viewer.message({ type: 'attached', ...IDS, ...SIZE, ...rest });
  });
  const marker = (type: 'live' | 'catching_up', serial: number): SessionMessage => ({
    ...{ type, ...IDS, round: 0, marker: serial, offset: 0 },
  });
  const addressed = (offset: number, attempt: number, round: number) =>
    viewer.frame(
      FRAME.addressed,
      outputFrame(uuidBytes(SESSION), offset, SIZE, 1, { attachment: uuidBytes(CLIENT), attempt, round }),
    );

  it('CU-2: a live state without its marker means that the marker was lost', () => {
    const position = { attempt: 2, round: 0, live: true, marker: 1, sent: 0, snapshot: 0, chunks: 0 };
    const tip = { ...SIZE, sizePolicy: 'latest', driver: null, end: 0, positions: { [CLIENT]: position } } as const;
    expect(viewer.state).toBe('catching_up');
    viewer.message({ type: 'tip', sessionId: SESSION, ...tip });
    expect(viewer.state).toBe('live');
    expect(asked).toEqual([]);
  });

  it('CU-3: frames of another attempt are nothing to it', () => {
    addressed(0, 1, 0);
    expect(socket.frames).toHaveLength(0);
    addressed(0, 2, 0);
    expect(socket.frames).toHaveLength(1);
  });

  it('CU-5: frames of another round are nothing to it', () => {
    addressed(7, 2, 0);
    expect(asked).toMatchObject([{ type: 'catch_up', round: 1 }]);
    addressed(0, 2, 0);
    expect(socket.frames).toHaveLength(0);
    addressed(0, 2, 1);
    expect(socket.frames).toHaveLength(1);
  });

  it('CU-10: an echo of a marker restores no old state', () => {
    viewer.message(marker('live', 1));
    expect(viewer.state).toBe('live');
    viewer.message(marker('catching_up', 2));
    viewer.message(marker('live', 1));
    expect(viewer.state).toBe('catching_up');
    viewer.message(marker('live', 3));
    viewer.message(marker('catching_up', 2));
    expect(viewer.state).toBe('live');
  });
});

describe('FL-5: for a JSON client the pod acknowledges', () => {
  const clock = new VirtualClock();
  const socket = new TestSocket();
  const line = new JsonLine(socket);
  const look = () => clock.advance(LIMITS.ackDelay);
  const writer = (acks: Uint8Array[]) => new JsonWriter({ ...IDS, from: 0 }, line, clock, (frame) => acks.push(frame));

  it('what its socket has drained, and answers every tip', () => {
    const acks: Uint8Array[] = [];
    const alone = writer(acks);
    socket.buffered = 1_000_000;
    alone.output(output(0), 0);
    look();
    expect(acks).toHaveLength(0);
    alone.tip(null);
    alone.tip(null);
    expect(acks.map(framePosition)).toEqual([0, 0]);
    socket.buffered = 0;
    look();
    expect(acks.map(framePosition)).toEqual([0, 0, 1]);
    alone.stop();
  });

  it('also what drained beside a flood that always fills the socket', () => {
    const acks: Uint8Array[] = [];
    const quiet = writer(acks);
    const flood = writer([]);
    socket.buffered = 10_000;
    quiet.output(output(0), 0);
    look();
    expect(acks).toHaveLength(0);
    for (let at = 0; at < 200; at++) flood.output(output(at), at);
    look();
    expect(acks.map(framePosition)).toEqual([1]);
    quiet.stop();
    flood.stop();
  });
});

it('FL-2: a lone reader that catches up has credit for half of the history, and no more', () => {
  const history = 1_000;
  const reader = (ack: number): Paced => ({
    ...{ live: false, screenOwed: false, proved: true, ack, progressAt: 0, owesSince: 0, window: { size: 100 } },
    ...{ patience: 0, waitedFor: false },
  });
  const waits = (behind: number) => mustPause([reader(10_000 - behind)], 10_000, history, 1, 0);
  expect(waits(400)).toBe(false);
  expect(waits(600)).toBe(true);
  // One that is live has its window alone.
  expect(mustPause([{ ...reader(9_600), live: true }], 10_000, history, 1, 0)).toBe(true);
});

describe('what an agent makes of what viewers and their pods send', () => {
  const clock = new VirtualClock();
  let sessions: Sessions;
  let told: Record<string, unknown>[];
  let frames: Uint8Array[];
  let print: (text: string) => void;
  let sessionId: string;
  const session = () => sessions.all.get(sessionId);
  beforeEach(() => {
    told = [];
    frames = [];
    const nothing = () => {};
    const tell = (m: object) => void told.push({ ...m });
    const outlet = { connected: true, message: tell, reply: tell, wants: nothing, changed: nothing };
    sessions = new Sessions({ ...outlet, frame: (frame: Uint8Array) => void frames.push(frame) } as unknown as Exit, {
      spawn: () => ({
        ...{ pid: 1, unread: 0, onExit: nothing, onDrain: nothing, write: nothing, resize: nothing, kill: nothing },
        ...{ pause: nothing, resume: nothing },
        onData: (listener) => {
          print = (text) => listener(Buffer.from(text));
        },
      }),
      createScreen: (size, scrollback) => ({
        ...noScreen(size, scrollback),
        snapshot: nothing,
      }),
      clock,
      newId: () => SESSION,
      defaults: { command: 'sh', args: [], cwd: '/', env: {}, size: SIZE },
      history: 1_000,
    });
    sessions.message({ type: 'start_session', requestId: 'r', pod: 'pod', userId: USER });
    sessionId = SESSION;
  });
  const attach = (attempt: number) => {
    const ids = { sessionId, clientId: CLIENT, attempt, userId: USER, pod: 'pod', connectionId: 'c' };
    const order = { type: 'attach', ...ids, readOnly: false, mode: 'stream', from: 0, inputFrom: 0 };
    sessions.message(order as unknown as MachineMessage);
  };
  const ack = (attempt: number, offset: number) =>
    sessions.frame(
      FRAME.ack,
      ackFrame(uuidBytes(sessionId), uuidBytes(CLIENT), attempt, { offset, snapshot: 0, chunks: 0, ended: false }),
    );

  it('FL-3: who attaches again and again, and acknowledges nothing, keeps no program waiting', () => {
    for (let attempt = 1; attempt <= 10; attempt++) {
      attach(attempt);
      print('x'.repeat(LIMITS.windowStart));
      expect(session()?.paused, `attempt ${attempt}`).toBe(false);
      clock.advance(LIMITS.responsive / 2);
    }
  });

  it('FL-3: nor who repeats an acknowledgement; who acknowledges more is waited for', () => {
    attach(1);
    ack(1, 0);
    print('x'.repeat(2 * LIMITS.windowStart));
    expect(session()?.paused).toBe(true);
    ack(1, 100);
    const steps = LIMITS.responsive / 100;
    for (let i = 0; i < steps; i++) {
      expect(session()?.paused).toBe(true);
      ack(1, 100);
      clock.advance(100);
    }
    clock.advance(100);
    expect(session()?.paused).toBe(false);
  });

  it('CU-3: the late detach and the late acknowledgement of an earlier attempt mean nothing', () => {
    print('12345');
    attach(2);
    sessions.message({ type: 'detach', sessionId, clientId: CLIENT, attempt: 1 });
    ack(1, 5);
    expect(session()?.attachments.get(CLIENT)).toMatchObject({ attempt: 2, ack: 0 });
  });

  it('CU-5: a repeated request to catch up rewinds nothing', () => {
    print('12345');
    attach(1);
    const ask = () =>
      sessions.message({ type: 'catch_up', ...IDS, attempt: 1, round: 1, from: 0, snapshot: null } as MachineMessage);
    ask();
    session()?.pump(1_000);
    ask();
    session()?.pump(1_000);
    expect(frames.filter((frame) => frameType(frame) === FRAME.addressed)).toHaveLength(1);
    expect(told.filter(({ type }) => type === 'live')).toHaveLength(1);
  });
});
