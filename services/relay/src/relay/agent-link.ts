// The pod's side of one agent's socket: who it is, and whether what it says is fit to be heard. What it says is for the
// viewers here and the pods that listen: ownership.ts.
import {
  AgentToRelay,
  CLOSE,
  type CloseRule,
  FRAME,
  frameType,
  HermitError,
  LIMITS,
  type PodReply,
  parserOf,
  type RelayToAgent,
} from '@hermit/protocol';
import { LifeSigns, OVERFLOW, type Socket, type SocketEvents } from '@hermit/transport';
import type { Claim } from '../presence/presence.ts';
import { AgentIntroduction, type IntroductionHost, type Register } from './agent-introduction.ts';
import { Bucket, costOf, type Rate } from './bucket.ts';
import { sessionEnded } from './journal.ts';
import { type OwnedAgent, Ownership, type OwnershipHost } from './ownership.ts';

/** Bad messages that are answered before the socket is closed. */
const PATIENCE = 20;
/** Text messages of an agent; one of many KiB counts as many. */
const TEXTS: Rate = { burst: 10_000, perSecond: 2_000 };
const COUNTS_AS_ONE = 4_096;

const parse = parserOf(AgentToRelay);

export interface AgentLinkHost extends IntroductionHost, OwnershipHost {
  /** It has introduced itself. */
  agentKnown(link: AgentLink): void;
  agentGone(link: AgentLink): void;
  overflowed(connection: string): void;
  /** A machine's answer, to the pod that asked. */
  reply(pod: string, machineId: string, reply: PodReply): void;
}

export class AgentLink implements SocketEvents, OwnedAgent {
  readonly socket: Socket;
  readonly connection: string;
  /** Where it comes from; forgotten once it is known. */
  address: string;
  private readonly pod: AgentLinkHost;
  /** It has introduced itself, with this token, which may have to be looked at again. */
  private token: string | null = null;
  /** Set when the presence store has agreed; it may have been let go of since. */
  private owned: Ownership | null = null;
  /** It has been closed, and may say what it likes until the socket has ended: nothing of it counts. */
  private dismissed = false;
  private bad = 0;
  private readonly texts = new Bucket(TEXTS);
  private readonly signs: LifeSigns;
  /** By when it has to introduce itself (monotonic). */
  private readonly introduceBy: number;

  constructor(pod: AgentLinkHost, socket: Socket, connection: string, address: string) {
    this.pod = pod;
    this.address = address;
    this.socket = socket;
    this.connection = connection;
    const now = pod.clock.monotonic();
    this.signs = new LifeSigns(now);
    this.introduceBy = Math.ceil(now) + LIMITS.introduction;
    socket.events = this;
  }

  private get machineId(): string {
    return this.owned?.machineId ?? '';
  }

  /** Called by the pod now and then: does what is due. `now` is monotonic. */
  visit(now: number): void {
    const sign = this.signs.look(now);
    if (sign === 'dead') this.socket.terminate();
    else if (sign === 'quiet') this.socket.sendText('{"type":"ping"}');
    if (this.token === null && now >= this.introduceBy) {
      this.pod.observer.intruder?.(this.address);
      this.dismiss(CLOSE.notIntroduced);
    }
    this.owned?.visit(now);
  }

  send(m: RelayToAgent): void {
    this.socket.sendText(JSON.stringify(m));
  }

  /** Closes the socket, and lets go of the machine: the other side may take its time to answer, or never do. */
  dismiss(rule: CloseRule): void {
    this.dismissed = true;
    this.owned?.end();
    this.socket.close(rule.code, rule.meaning);
  }

  /** The socket has closed. */
  close(closeCode: number, reason: string): void {
    const { connection, machineId: machine, owned } = this;
    if (reason === OVERFLOW) this.pod.overflowed(connection);
    if (owned?.registered) this.pod.log('agent_left', { connection, machine, closeCode });
    owned?.end();
    this.pod.agentGone(this);
  }

  // ---- What the agent says

  text(message: string): void {
    if (this.dismissed) return;
    const now = this.pod.clock.monotonic();
    this.signs.heard(now);
    let m: AgentToRelay;
    try {
      if (!this.texts.take(now, costOf(message.length, COUNTS_AS_ONE))) throw new HermitError('RATE_LIMITED');
      if (message.length > LIMITS.agentMessage) throw new HermitError('MESSAGE_TOO_LARGE');
      m = parse(message);
    } catch (error) {
      this.badMessage(error);
      return;
    }
    if (m.type === 'register') this.register(m);
    else if (m.type === 'ping') this.socket.sendText('{"type":"pong"}');
    else if (m.type !== 'pong') {
      if (this.owned?.registered) this.message(this.owned, m, message);
      else this.badMessage(new HermitError('NOT_AUTHENTICATED', 'Register first.'));
    }
  }

  private badMessage(error: unknown): void {
    const { code, message: reason } = error instanceof HermitError ? error : new HermitError('INTERNAL');
    this.pod.counters.badMessages++;
    const { connection, machineId: machine } = this;
    this.pod.log('agent_bad_message', { connection, machine, code, reason });
    this.send({ type: 'error', code, message: reason });
    if (++this.bad > PATIENCE && this.socket.open) this.dismiss(CLOSE.flood);
  }

  private message(owned: Ownership, m: Exclude<AgentToRelay, Register>, text: string): void {
    switch (m.type) {
      case 'current':
        owned.becomeCurrent(m.interest);
        return;
      case 'flush':
        owned.flush(m.epoch);
        return;
      case 'sessions':
        if (m.pod === undefined) owned.describe(m);
        else this.pod.reply(m.pod, owned.machineId, m as PodReply);
        return;
      case 'session_started':
      case 'request_failed':
      case 'request_done':
        this.pod.reply(m.pod, owned.machineId, m);
        return;
      case 'stats':
        owned.ptysPaused = m.ptysPaused;
        this.pod.counters.ptyPausedMs += m.pausedMs;
        return;
      case 'session_ended':
        sessionEnded(this.pod, this.connection, owned.machineId, m);
        return;
      case 'ping':
      case 'pong':
        return;
      default:
        owned.message(m, text);
    }
  }

  binary(frame: Uint8Array): void {
    if (this.dismissed) return;
    this.signs.heard(this.pod.clock.monotonic());
    const type = frameType(frame);
    const { owned } = this;
    if (type === 0 || type === FRAME.input || type === FRAME.ack || !owned?.registered) {
      this.badMessage(new HermitError('INVALID_MESSAGE'));
      return;
    }
    if (frame.length > LIMITS.message) {
      this.badMessage(new HermitError('MESSAGE_TOO_LARGE'));
      return;
    }
    const { counters } = this.pod;
    counters.framesFromAgents++;
    counters.bytesFromAgents += frame.length;
    owned.frame(type, frame);
  }

  // ---- Who it is

  private register(m: Register): void {
    if (this.token !== null) {
      this.badMessage(new HermitError('ALREADY_AUTHENTICATED'));
      return;
    }
    this.token = m.token;
    this.pod.agentKnown(this);
    const taken = (claim: Claim) => {
      this.address = '';
      this.owned = new Ownership(this.pod, this, claim);
      this.owned.begin();
    };
    new AgentIntroduction(this.pod, this, m, taken).begin();
  }

  /** The machine was removed or its token replaced, if that is so; nobody else's word is taken for it. */
  verify(doubt: boolean): void {
    const { token, pod } = this;
    if (token === null) return;
    pod.directory.agent(token, null, (machine) => {
      if (!this.socket.open || !(machine instanceof HermitError)) return;
      if (machine.code === 'INVALID_TOKEN') this.dismiss(CLOSE.removed);
      else if (machine.code === 'UNAVAILABLE' && doubt) this.dismiss(CLOSE.notIntroduced);
    });
  }

  /** What this socket was to hear may have been lost. */
  recheck(): void {
    if (this.owned) this.verify(false);
  }
}
