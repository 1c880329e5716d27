// All sessions of this agent: starts, lists, ends them, and hands each message or frame of the relay to its session.
import {
  type AgentToRelay,
  type AttachmentInfo,
  FLAG_REPLY,
  FRAME,
  type FrameType,
  frameAttachment,
  frameAttempt,
  frameFlags,
  framePayload,
  framePosition,
  frameSession,
  HermitError,
  LIMITS,
  type MachineMessage,
  type MessageOf,
  type RelayToAgent,
  readAck,
  type SessionInfo,
  type Size,
} from '@hermit/protocol';
import type { Clock, Timer } from '@hermit/transport';
import type { CreateScreen } from '../screen/screen.ts';
import type { Spawn } from '../terminal/terminal.ts';
import { toldAttachments, toldSessions } from './announcement.ts';
import { HistoryBudget } from './output-log.ts';
import { Session, type SessionOutlet } from './session.ts';

type Start = MessageOf<RelayToAgent, 'start_session'>;

/** What the process gives: nothing here reaches for it. */
export type Surroundings = {
  spawn: Spawn;
  createScreen: CreateScreen;
  clock: Clock;
  newId: () => string;
  /** What a session starts with where the request is silent. `env` is complete; the request adds to it. */
  defaults: {
    command: string;
    args: readonly string[];
    cwd: string;
    env: Readonly<Record<string, string>>;
    size: Size;
  };
  history?: number;
  historyBehind?: number;
  historyTotal?: number;
  /** Where the bytes of frames come from. */
  alloc?: (length: number) => Uint8Array;
};

/** The connection to the relay, as the sessions see it. */
export interface Exit extends SessionOutlet {
  reply(message: Extract<AgentToRelay, { pod?: unknown }>): void;
}

/** Milliseconds between two looks at all sessions. */
const TICK = 100;
/** The relay hears of it every so many looks: 10 s. */
const STATS_EVERY = 100;

type Answer = { sessionId: string } | { code: HermitError['code']; message: string };

export class Sessions {
  readonly all = new Map<string, Session>();
  private readonly outlet: Exit;
  private readonly given: Surroundings;
  private readonly budget: HistoryBudget;
  /** IN-3: answers to `start_session`, so that a repeat starts nothing. */
  private readonly answers = new Map<string, { answer: Answer; at: number }>();
  private readonly ticker: Timer;
  private stats = { ptysPaused: 0, pausedMs: 0, told: true, ticks: 0 };

  constructor(outlet: Exit, given: Surroundings) {
    this.outlet = outlet;
    this.given = given;
    this.budget = new HistoryBudget(given.historyTotal ?? LIMITS.historyTotal);
    this.ticker = given.clock.every(TICK, () => this.tick());
  }

  get list(): SessionInfo[] {
    return toldSessions([...this.all.values()].map((s) => s.info));
  }

  get attachments(): AttachmentInfo[] {
    const list: AttachmentInfo[] = [];
    for (const s of this.all.values()) {
      for (const a of s.attachments.values()) {
        const { id, userId, pod, readOnly } = a;
        list.push({ id, sessionId: s.id, userId, pod, since: a.attachedAt, readOnly });
      }
    }
    return toldAttachments(list, () => this.list);
  }

  /** Sessions that somebody looks at (DRAIN-2). */
  get interest(): string[] {
    return [...this.all.values()].filter((s) => s.attachments.size > 0).map((s) => s.id);
  }

  tipAll(): void {
    for (const s of this.all.values()) if (s.attachments.size > 0) s.tip();
  }

  /** A control message; it may come twice, late, or by an old connection. */
  message(m: MachineMessage): void {
    switch (m.type) {
      case 'list_sessions':
        this.outlet.reply({ type: 'sessions', requestId: m.requestId, pod: m.pod, sessions: this.list });
        return;
      case 'start_session':
        this.start(m);
        return;
      case 'kill_session':
        this.kill(m);
        return;
      case 'tip_request':
        this.all.get(m.sessionId)?.tip();
        return;
    }
    const session = this.all.get(m.sessionId);
    if (!session) {
      if (m.type !== 'detach') this.refuse(m.sessionId, m.clientId, m.attempt);
      return;
    }
    switch (m.type) {
      case 'attach':
        session.attach(m);
        break;
      case 'detach':
        session.detach(m);
        break;
      case 'catch_up':
        session.catchUpRequest(m);
        break;
      case 'resize':
        session.resized(m);
        break;
      case 'drive':
        session.drive(m);
        break;
      case 'set_size_policy':
        session.setSizePolicy(m);
        break;
    }
  }

  /** A frame of the relay whose type was checked; other types than input and ack have no business here. */
  frame(type: FrameType, frame: Uint8Array): void {
    if (type !== FRAME.input && type !== FRAME.ack) return;
    const sessionId = frameSession(frame);
    const clientId = frameAttachment(frame);
    const attempt = frameAttempt(frame);
    const session = this.all.get(sessionId);
    if (!session) this.refuse(sessionId, clientId, attempt);
    else if (type === FRAME.ack) session.acknowledge(clientId, attempt, readAck(frame));
    else {
      const reply = (frameFlags(frame) & FLAG_REPLY) !== 0;
      session.input(clientId, attempt, framePosition(frame), framePayload(frame), reply);
    }
  }

  private refuse(sessionId: string, clientId: string, attempt: number): void {
    const { code, message } = new HermitError('SESSION_NOT_FOUND');
    this.outlet.message({ type: 'attach_refused', sessionId, clientId, attempt, code, message });
  }

  private start(m: Start): void {
    const { requestId, pod } = m;
    const answer = this.answers.get(requestId)?.answer ?? this.startOnce(m);
    const session = 'sessionId' in answer ? this.all.get(answer.sessionId) : undefined;
    if (session) this.outlet.reply({ type: 'session_started', requestId, pod, session: session.info });
    else if ('code' in answer) this.outlet.reply({ type: 'request_failed', requestId, pod, ...answer });
    else {
      const { code, message } = new HermitError('SESSION_NOT_FOUND', 'The session has ended since.');
      this.outlet.reply({ type: 'request_failed', requestId, pod, code, message });
    }
  }

  private startOnce(m: Start): Answer {
    const answer = this.launch(m);
    if (this.answers.size >= LIMITS.requestsRemembered) this.answers.delete(this.answers.keys().next().value as string);
    this.answers.set(m.requestId, { answer, at: this.given.clock.monotonic() });
    return answer;
  }

  private launch(m: Start): Answer {
    const { defaults, newId, clock } = this.given;
    try {
      if (this.all.size >= LIMITS.sessionsPerMachine && !this.forgetEnded()) throw new HermitError('SESSION_LIMIT');
      const id = newId(); // CU-8: random, so never used again
      const size = { cols: m.cols ?? defaults.size.cols, rows: m.rows ?? defaults.size.rows };
      const command = m.command ?? defaults.command;
      const args = m.args ?? (m.command === undefined ? defaults.args : []);
      const env = { ...defaults.env, ...m.env, HERMIT_SESSION: id };
      const terminal = this.given.spawn({ command, args, cwd: m.cwd ?? defaults.cwd, env, size });
      const session = new Session({
        id,
        name: m.name ?? nameOf(command),
        command: [command, ...args].join(' ').slice(0, 4096),
        size,
        sizePolicy: m.sizePolicy ?? 'latest',
        terminal,
        createScreen: this.given.createScreen,
        outlet: this.outlet,
        clock,
        budget: this.budget,
        ...(this.given.history === undefined ? {} : { history: this.given.history }),
        ...(this.given.historyBehind === undefined ? {} : { historyBehind: this.given.historyBehind }),
        ...(this.given.alloc === undefined ? {} : { alloc: this.given.alloc }),
      });
      this.all.set(id, session);
      this.outlet.changed();
      return { sessionId: id };
    } catch (error) {
      if (error instanceof HermitError) return { code: error.code, message: error.message };
      return { code: 'SESSION_START_FAILED', message: 'The program could not be started.' };
    }
  }

  /** Makes room: the oldest session that has ended and that nobody looks at goes before its time. */
  private forgetEnded(): boolean {
    for (const s of this.all.values()) {
      if (s.endedAt === null || s.attachments.size > 0) continue;
      this.remove(s);
      return true;
    }
    return false;
  }

  private kill(m: MessageOf<RelayToAgent, 'kill_session'>): void {
    const { requestId, pod } = m;
    const session = this.all.get(m.sessionId);
    if (!session) {
      const { code, message } = new HermitError('SESSION_NOT_FOUND');
      this.outlet.reply({ type: 'request_failed', requestId, pod, code, message });
      return;
    }
    session.kill(m.signal ?? 'SIGHUP');
    this.outlet.reply({ type: 'request_done', requestId, pod });
  }

  private tick(): void {
    const now = this.given.clock.monotonic();
    for (const [requestId, { at }] of this.answers) {
      if (now - at < LIMITS.requestMemory) break;
      this.answers.delete(requestId);
    }
    for (const s of this.all.values()) {
      if (s.occupied) s.tick();
      if (s.endedAt === null || now - s.endedAt < LIMITS.endedSession) continue;
      if (now - s.endedAt >= LIMITS.endedSessionRead || !s.beingRead(now)) this.remove(s);
    }
    this.observe();
  }

  /** Looks at each tick who is paused, and tells the relay now and then; not when it was all zero, and still is. */
  private observe(): void {
    const { stats } = this;
    stats.ptysPaused = 0;
    for (const s of this.all.values()) if (s.waiting && s.endedAt === null) stats.ptysPaused++;
    stats.pausedMs += stats.ptysPaused * TICK;
    if (++stats.ticks < STATS_EVERY) return;
    const { ptysPaused, pausedMs, told } = stats;
    if (pausedMs > 0 || !told) this.outlet.message({ type: 'stats', ptysPaused, pausedMs });
    this.stats = { ptysPaused, pausedMs: 0, told: pausedMs === 0, ticks: 0 };
  }

  private remove(s: Session): void {
    this.all.delete(s.id);
    s.dispose();
    this.outlet.changed();
  }

  /** Ends every program: `signal` first, what is left by the caller's patience. */
  killAll(signal: string): void {
    for (const s of this.all.values()) s.kill(signal);
  }

  dispose(): void {
    this.ticker.cancel();
    for (const s of this.all.values()) s.dispose();
    this.all.clear();
  }
}

function nameOf(command: string): string {
  const name = command.slice(command.lastIndexOf('/') + 1).replace(/[^\x20-\x7e]/g, '');
  return name.slice(0, 64) || 'session';
}
