// The pod's side of one agent: registers it, owns its machine for as long as its epoch is the greatest, carries its
// frames to viewers here and to the pods that listen. The rules OWN, DRAIN and INT of SPEC.md, the pod's side.
import {
  AgentToRelay,
  CLOSE,
  type CloseRule,
  type ErrorCode,
  FRAME,
  frameSession,
  frameType,
  HermitError,
  LIMITS,
  type MessageOf,
  type PodReply,
  PROTOCOL_OLDEST,
  PROTOCOL_VERSION,
  parserOf,
  type RelayToAgent,
  type SessionMessage,
} from '@hermit/protocol';
import { LifeSigns, OVERFLOW, type Socket, type SocketEvents } from '@hermit/transport';
import type { Activity, Claim } from '../presence/presence.ts';
import { Bucket } from './bucket.ts';
import { sessionEnded } from './journal.ts';
import type { Pod } from './pod.ts';

/** Bad messages that are answered before the socket is closed. */
const PATIENCE = 20;

/** A renewal that nobody answered is tried again this soon: what comes back may have forgotten us; milliseconds. */
const RETRY = 1_000;
/** Text messages of an agent at once, and each second after it; one of many KiB counts as many. */
const BURST = 10_000;
const PER_SECOND = 2_000;
const COUNTS_AS_ONE = 4_096;
/** What runs on a machine is told to presence and to people this often at most; milliseconds. */
const DESCRIBE_EVERY = 100;

/** An epoch is the time of a registration. One further ahead would keep later ones out for good; milliseconds. */
const FUTURE = 86_400_000;

const IDLE: Activity = { sessions: [], attachments: [] };

type Register = MessageOf<AgentToRelay, 'register'>;

const parse = parserOf(AgentToRelay);

export class AgentLink implements SocketEvents {
  /** Set when the presence store has agreed. */
  claim: Claim | null = null;
  /** The agent sends through this connection: viewers here are served without the bus (DRAIN-2). */
  local = false;
  activity: Activity = IDLE;
  /** Programs that were waiting for viewers or for their screens when the agent last said. */
  ptysPaused = 0;
  readonly socket: Socket;
  private readonly connection: string;
  private readonly pod: Pod;
  /** Where it comes from. */
  private readonly address: string;
  private introduced = false;
  /** Its introduction, whose token may have to be looked at again. */
  private said: Register | null = null;
  private registered = false;
  private retired = false;
  /** It has been closed, and may say what it likes until the socket has ended: nothing of it counts. */
  private dismissed = false;
  private bad = 0;
  private readonly texts: Bucket;
  /** A description was told a moment ago; `again`: there is a later one. */
  private described: { again: boolean } | null = null;
  private serial = 0;
  /** Sessions that pods elsewhere look at, and when that was last heard (INT-2). */
  private interest: Map<string, number> | null = null;
  private readonly signs: LifeSigns;
  /** By when it has to introduce itself, and when its presence is due to be renewed (monotonic). */
  private readonly introduceBy: number;
  private renewAt = Number.POSITIVE_INFINITY;

  constructor(pod: Pod, socket: Socket, connection: string, address: string) {
    this.pod = pod;
    this.address = address;
    this.socket = socket;
    this.connection = connection;
    const now = pod.clock.monotonic();
    this.texts = new Bucket(BURST, PER_SECOND, now);
    this.signs = new LifeSigns(now);
    this.introduceBy = now + LIMITS.introduction;
    socket.events = this;
  }

  /** Called by the pod now and then: does what is due. `now` is monotonic. */
  visit(now: number): void {
    const sign = this.signs.look(now);
    if (sign === 'dead') this.socket.terminate();
    else if (sign === 'quiet') this.socket.sendText('{"type":"ping"}');
    if (!this.introduced && now >= this.introduceBy) {
      this.pod.observer.intruder?.(this.address);
      this.dismiss(CLOSE.notIntroduced);
    }
    if (now >= this.renewAt) {
      this.renewAt = Number.POSITIVE_INFINITY;
      this.renew();
    }
  }

  get machineId(): string {
    return this.claim?.machineId ?? '';
  }

  send(m: RelayToAgent): void {
    this.socket.sendText(JSON.stringify(m));
  }

  /** Closes the socket, and lets go of the machine: the other side may take its time to answer, or never do. */
  dismiss(rule: CloseRule): void {
    this.dismissed = true;
    this.part();
    this.socket.close(rule.code, rule.meaning);
  }

  /** The socket has closed. */
  close(closeCode: number, reason: string): void {
    const { connection, machineId: machine } = this;
    if (reason === OVERFLOW) this.pod.overflowed(connection);
    if (this.registered) this.pod.log('agent_left', { connection, machine, closeCode });
    this.part();
    this.pod.agentGone(this);
  }

  /** Once: what is let go of is not ours any more. */
  private part(): void {
    const { claim } = this;
    if (!claim || this.pod.links.get(claim.machineId) !== this) return;
    this.pod.presence.release(claim.machineId, claim.epoch);
    this.letGo();
    // After a handover it is another pod's: nobody is told that it is offline.
    this.pod.directory.online(claim.machineId, (online) => {
      if (online === false) this.pod.machineChanged(claim, false, 0);
    });
  }

  // ---- What the agent says

  text(message: string): void {
    if (this.dismissed) return;
    this.signs.heard(this.pod.clock.monotonic());
    let m: AgentToRelay;
    try {
      const now = this.pod.clock.monotonic();
      if (!this.texts.take(now, Math.max(1, message.length / COUNTS_AS_ONE))) throw new HermitError('RATE_LIMITED');
      if (message.length > LIMITS.agentMessage) throw new HermitError('MESSAGE_TOO_LARGE');
      m = parse(message);
    } catch (error) {
      this.badMessage(error);
      return;
    }
    if (m.type === 'register') this.register(m);
    else if (m.type === 'ping') this.socket.sendText('{"type":"pong"}');
    else if (m.type !== 'pong') {
      if (this.registered) this.message(m, message);
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

  private message(m: Exclude<AgentToRelay, Register>, text: string): void {
    switch (m.type) {
      case 'current':
        this.becomeCurrent(m.interest);
        return;
      case 'flush':
        this.flush(m.epoch);
        return;
      case 'sessions':
      case 'session_started':
      case 'request_failed':
      case 'request_done':
        if (m.pod === undefined) this.describe(m as MessageOf<AgentToRelay, 'sessions'>);
        else this.pod.reply(m.pod, this.machineId, m as PodReply);
        return;
      case 'stats':
        this.ptysPaused = m.ptysPaused;
        this.pod.counters.ptyPausedMs += m.pausedMs;
        return;
      case 'session_ended':
        sessionEnded(this.pod, this.connection, this.machineId, m);
        return;
      case 'ping':
      case 'pong':
        return;
      default:
        this.sessionMessage(m, text);
    }
  }

  private sessionMessage(m: SessionMessage, text: string): void {
    this.pod.audiences.of(this.machineId, m.sessionId)?.message(m);
    this.publish(m.sessionId, text);
  }

  binary(frame: Uint8Array): void {
    if (this.dismissed) return;
    this.signs.heard(this.pod.clock.monotonic());
    const type = frameType(frame);
    if (type === 0 || type === FRAME.input || type === FRAME.ack || !this.registered) {
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
    const sessionId = frameSession(frame);
    this.pod.audiences.of(this.machineId, sessionId)?.frame(type, frame);
    this.publish(sessionId, frame);
  }

  /** Only where somebody listens; a publish that reached nobody says that interest has gone (INT-2). */
  private publish(sessionId: string, message: Uint8Array | string): void {
    if (!this.interest?.has(sessionId)) return;
    const at = ++this.serial;
    this.pod.publish(this.pod.names.sessionChannel(this.machineId, sessionId), message, (receivers) => {
      if (receivers === 0 && (this.interest?.get(sessionId) ?? 0) <= at) this.interest?.delete(sessionId);
    });
  }

  // ---- What reaches the machine

  /** A message about a session came from another pod: somebody there looks at it. */
  heardOf(sessionId: string): void {
    this.interest ??= new Map();
    if (this.interest.size >= LIMITS.sessionsPerMachine * 4 && !this.interest.has(sessionId)) {
      this.interest.delete(this.interest.keys().next().value as string);
    }
    // The one heard of last is forgotten last.
    this.interest.delete(sessionId);
    this.interest.set(sessionId, ++this.serial);
  }

  /** Either pod of a handover tells the agent that its subscription has reached the fence (DRAIN-1). */
  fence(epoch: number): void {
    this.send({ type: 'fence_passed', epoch });
  }

  // ---- Ownership

  private register(m: Register): void {
    if (this.introduced) {
      this.badMessage(new HermitError('ALREADY_AUTHENTICATED'));
      return;
    }
    this.introduced = true;
    this.pod.strangers.delete(this);
    if (m.protocol < PROTOCOL_OLDEST) {
      this.refuse(m, 'PROTOCOL_VERSION', `This relay serves protocol ${PROTOCOL_OLDEST} and later; update the agent.`);
      this.dismiss(CLOSE.protocol);
      return;
    }
    if (this.pod.draining) {
      this.refuse(m, 'DRAINING');
      this.dismiss(CLOSE.restart);
      return;
    }
    if (m.epoch > this.pod.clock.now() + FUTURE) {
      this.refuse(m, 'INVALID_MESSAGE', 'The clock of this machine is more than a day ahead of ours: set it.');
      this.dismiss(CLOSE.notIntroduced);
      return;
    }
    this.said = m;
    this.pod.directory.agent(
      m.token,
      // One that was registered is the machine that it was, by whatever name since.
      m.lastEpoch > 0 ? null : m.machineName,
      (machine) => {
        if (!this.socket.open) return;
        if (machine instanceof HermitError) {
          this.refuse(m, machine.code, machine.message);
          // Where the token is not to blame, the agent comes again with it.
          const passing = machine.code === 'UNAVAILABLE' || machine.code === 'RATE_LIMITED';
          if (machine.code === 'INVALID_TOKEN') this.pod.observer.intruder?.(this.address);
          this.dismiss(passing ? CLOSE.notIntroduced : CLOSE.unauthorized);
          return;
        }
        this.socket.allow?.(LIMITS.messageHard);
        const { epoch, instanceId, lastEpoch, agentVersion } = m;
        const { id: pod, clock } = this.pod;
        const connectedAt = clock.now();
        this.take(m, { ...machine, pod, epoch, instanceId, lastEpoch, agentVersion, connectedAt });
      },
      true,
    );
  }

  private refuse(m: Register, code: ErrorCode, message: string = new HermitError(code).message, stored?: number): void {
    this.pod.counters.refusals++;
    const { connection } = this;
    this.pod.log('agent_refused', { connection, machineName: m.machineName, code, reason: message });
    const error = { code, message, ...(stored ? { storedEpoch: stored } : {}) };
    this.send({ type: 'registered', success: false, protocol: PROTOCOL_VERSION, epoch: m.epoch, error });
  }

  /** Asks the presence store until it answers; the agent gives up on us before we do. */
  private take(m: Register, claim: Claim): void {
    if (!this.socket.open) return;
    this.pod.presence.claim(claim, (claimed) => {
      if (!this.socket.open) {
        if (claimed.result === 'taken') this.pod.presence.release(claim.machineId, claim.epoch);
        return;
      }
      if (claimed.result === 'unavailable') {
        this.pod.clock.after(50 + 100 * this.pod.random(), () => this.take(m, claim));
      } else if (claimed.result === 'refused') {
        const { storedEpoch, storedInstance } = claimed;
        const superseded = m.lastEpoch > 0 && storedInstance !== m.instanceId && storedEpoch > m.lastEpoch;
        this.refuse(m, superseded ? 'SUPERSEDED' : 'STALE_EPOCH', undefined, storedEpoch);
        this.dismiss(superseded ? CLOSE.superseded : CLOSE.staleEpoch);
      } else this.taken(claim);
    });
  }

  private taken(claim: Claim): void {
    const { pod } = this;
    const old = pod.links.get(claim.machineId);
    this.claim = claim;
    pod.links.set(claim.machineId, this);
    pod.counters.registrations++;
    old?.replaced(claim);
    // OWN-5: first listening, then `registered`.
    pod.listen(claim.machineId, () => {
      if (pod.links.get(claim.machineId) !== this || !this.socket.open) return;
      this.registered = true;
      const { machineId, userId: user, epoch, agentVersion, connectedAt } = claim;
      const { connection } = this;
      const ms = pod.clock.now() - connectedAt;
      pod.log('agent_registered', { connection, machine: machineId, user, epoch, agentVersion, ms });
      this.send({ type: 'registered', success: true, protocol: PROTOCOL_VERSION, machineId, pod: pod.id, epoch });
      if (pod.draining) this.sendDraining(0);
      // What was said before we listened was not heard.
      this.recheck();
    });
    this.renewLater(LIMITS.machineRenew);
  }

  /** The same machine has registered on this very pod. */
  private replaced(by: Claim): void {
    this.local = false;
    const otherInstance = by.instanceId !== this.claim?.instanceId;
    this.send({ type: 'superseded', otherInstance });
    this.dismiss(otherInstance ? CLOSE.superseded : CLOSE.staleEpoch);
  }

  private renewLater(ms: number): void {
    const { clock, random } = this.pod;
    this.renewAt = clock.monotonic() + ms * (0.9 + 0.1 * random());
  }

  /** Also when what is stored may have been lost. */
  renew(): void {
    const { claim, pod } = this;
    if (!claim || this.retired || pod.links.get(claim.machineId) !== this) return;
    pod.presence.renew(claim, (renewed) => {
      if (!this.socket.open || this.retired || pod.links.get(claim.machineId) !== this) return;
      if (renewed.result === 'superseded') this.retire(renewed.storedInstance);
      else {
        if (renewed.result === 'rebuilt') {
          pod.presence.describe(claim, this.activity);
          // Whoever looked while Redis knew nothing has been told that it is offline.
          pod.machineChanged(claim, true, this.activity.sessions.length);
        }
        this.renewLater(renewed.result === 'unavailable' ? RETRY : LIMITS.machineRenew);
      }
    });
  }

  /** OWN-2: perhaps in the middle of a handover, so carry on for what is in flight; the agent closes when it moved. */
  private retire(storedInstance: string): void {
    this.retired = true;
    this.pod.counters.ownershipLost++;
    const { connection, machineId: machine, claim } = this;
    this.pod.log('agent_superseded', { connection, machine, epoch: claim?.epoch });
    this.pod.audiences.subscribeAll(this.machineId, () => {
      this.local = false;
    });
    this.pod.clock.after(LIMITS.retireGrace, () => {
      if (!this.socket.open) return;
      const otherInstance = storedInstance !== this.claim?.instanceId;
      this.send({ type: 'superseded', otherInstance });
      this.letGo();
      this.dismiss(otherInstance ? CLOSE.superseded : CLOSE.staleEpoch);
    });
  }

  /** OWN-4: subscribes on behalf of the viewers here, then asks for tips. */
  private letGo(): void {
    const { machineId, pod } = this;
    if (pod.links.get(machineId) !== this) return;
    this.local = false;
    this.interest = null;
    pod.links.delete(machineId);
    pod.unlisten(machineId); // OWN-3
    pod.audiences.subscribeEach(machineId, (audience) => audience.askTip());
  }

  /** The machine was removed or its token replaced, if that is so; nobody else's word is taken for it. */
  verify(doubt: boolean): void {
    const { said, pod } = this;
    if (!said) return;
    pod.directory.agent(said.token, said.machineName, (machine) => {
      if (!this.socket.open || !(machine instanceof HermitError)) return;
      if (machine.code === 'INVALID_TOKEN') this.dismiss(CLOSE.removed);
      else if (machine.code === 'UNAVAILABLE' && doubt) this.dismiss(CLOSE.notIntroduced);
    });
  }

  /** What this socket was to hear may have been lost. */
  recheck(): void {
    if (this.claim) this.verify(false);
  }

  private describe(m: MessageOf<AgentToRelay, 'sessions'>): void {
    if (!this.claim || this.retired) return;
    this.activity = { sessions: m.sessions, attachments: m.attachments ?? [] };
    if (this.described) this.described.again = true;
    else this.tellActivity(this.claim);
  }

  private tellActivity(claim: Claim): void {
    this.pod.presence.describe(claim, this.activity);
    this.pod.machineChanged(claim, true, this.activity.sessions.length);
    const described = { again: false };
    this.described = described;
    this.pod.clock.after(DESCRIBE_EVERY, () => {
      this.described = null;
      if (described.again && !this.retired && this.pod.links.get(claim.machineId) === this) this.tellActivity(claim);
    });
  }

  // ---- Handover

  /** DRAIN-2: the agent has moved here. */
  private becomeCurrent(interest: readonly string[]): void {
    if (this.pod.links.get(this.machineId) !== this || this.retired) return;
    this.local = true;
    for (const sessionId of interest) this.heardOf(sessionId);
    this.pod.audiences.unsubscribeAll(this.machineId);
  }

  /**
   * DRAIN-1: our own viewers must be able to hear the next owner before it speaks. Then one fence on the machine's
   * channel: at the new pod it follows all output published here, here it follows all control published before the
   * new pod listened.
   */
  private flush(epoch: number): void {
    const { machineId, pod } = this;
    pod.audiences.subscribeAll(machineId, () => {
      this.local = false;
      pod.publishFence(machineId, epoch);
    });
  }

  sendDraining(withinMs: number): void {
    this.send({ type: 'draining', withinMs });
  }
}
