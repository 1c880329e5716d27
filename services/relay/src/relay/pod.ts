// One relay pod: agents on one side, viewers on the other, the bus between pods. It holds no truth: everything here
// can vanish at any moment, and is rebuilt from the connections that are open.
//
//   agent-link ──▶ audience ──▶ viewer ──▶ client socket        output, on this pod
//   agent-link ──▶ bus ──▶ audience of another pod              output, to other pods
//   client-link ──▶ toMachine ──▶ agent-link, or bus            input, acks, requests
import {
  CLOSE,
  frameSession,
  frameType,
  LIMITS,
  type MachineInfo,
  type MessageOf,
  type PodReply,
  type RelayToAgent,
  type RelayToClient,
} from '@hermit/protocol';
import type { Clock, Random, Socket, Timer } from '@hermit/transport';
import type { Bus, Published } from '../bus/bus.ts';
import type { RedisNames } from '../bus/redis-names.ts';
import type { Claim, Presence } from '../presence/presence.ts';
import type { Log } from '../telemetry/events.ts';
import { AgentLink } from './agent-link.ts';
import { Audiences } from './audiences.ts';
import { ClientLink } from './client-link.ts';
import { newCounters } from './counters.ts';
import type { Directory, KnownClient } from './directory.ts';
import type { PodObserver } from './observer.ts';
import { Requests } from './requests.ts';
import { Strangers } from './strangers.ts';
import { Users } from './users.ts';
import type { Viewer } from './viewer.ts';

/** What pods say to each other, beside what they forward. */
export type PodMessage =
  | { type: 'fence'; epoch: number }
  /** The machine was removed or its token replaced: look at the token again; on the machine's channel. */
  | { type: 'revoked' }
  /** A machine's answer to a pod's request; on the pod's channel. The machine is stamped by the agent's pod. */
  | { type: 'reply'; machineId: string; reply: PodReply }
  /** For every client of a user; on the user's channel. */
  | { type: 'tell'; message: RelayToClient }
  | { type: 'logins_ended'; loginIds: readonly string[] | null }
  /** What the user may do has changed, with the whole machine if there is no session. */
  | { type: 'rights'; machineId: string; sessionId: string | null };

export type PodParts = {
  id: string;
  version: string;
  bus: Bus;
  presence: Presence;
  directory: Directory;
  names: RedisNames;
  clock: Clock;
  random: Random;
  newId: () => string;
  log: Log;
  observer?: PodObserver;
};

/** Output that comes later after a keystroke than this is no echo of it; milliseconds. */
const ECHO_WITHIN = 10_000;

/** A message that must not be lost is repeated this often while the bus does not take it, milliseconds; ten minutes. */
const INSIST_EVERY = 500;
const INSIST_TRIES = 1_200;
/** After Redis may have forgotten everything, it knows our machines again within this time; milliseconds. */
const REBUILT_WITHIN = 1_000;
/** After messages may have been lost, all sockets look at their rights again within this time; milliseconds. */
const RECHECK_WITHIN = 10_000;

export class Pod {
  readonly id: string;
  readonly bus: Bus;
  readonly presence: Presence;
  readonly directory: Directory;
  readonly names: RedisNames;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly log: Log;
  readonly observer: PodObserver;
  readonly counters = newCounters();
  readonly requests: Requests;
  readonly audiences = new Audiences(this);
  readonly users = new Users(this);
  /** Machines whose agent is connected here, by machine id. */
  readonly links = new Map<string, AgentLink>();
  readonly agents = new Set<AgentLink>();
  readonly clients = new Set<ClientLink>();
  /** Those of both that have not introduced themselves. */
  readonly strangers = new Strangers<AgentLink | ClientLink>();
  draining = false;

  private readonly version: string;
  private readonly startedAt: number;
  private heartbeat: Timer | null = null;
  private rounds: Timer | null = null;
  /** The time of the drain is over. */
  private closing = false;
  private emptied: (() => void) | null = null;

  constructor(parts: PodParts) {
    this.id = parts.id;
    this.version = parts.version;
    this.bus = parts.bus;
    this.presence = parts.presence;
    this.directory = parts.directory;
    this.names = parts.names;
    this.clock = parts.clock;
    this.random = parts.random;
    this.newId = parts.newId;
    this.log = parts.log;
    this.observer = parts.observer ?? {};
    this.startedAt = parts.clock.now();
    this.requests = new Requests(parts.clock, parts.random);
  }

  start(): void {
    this.bus.subscribe(this.names.podChannel(this.id), (message) => this.fromPod(message));
    this.bus.onRestored(() => {
      this.audiences.askTips();
      this.recheckAll();
      this.rebuildPresence();
    });
    // One timer for all sockets.
    this.rounds = this.clock.every(LIMITS.visitEvery, () => {
      const now = this.clock.monotonic();
      for (const link of this.agents) link.visit(now);
      for (const client of this.clients) client.visit(now);
    });
    this.beat();
  }

  /** `connection` names the socket in logs; `network`: what of the address one customer cannot choose. */
  acceptAgent(socket: Socket, connection = '', address = '', network = address): void {
    const link = new AgentLink(this, socket, connection, address);
    this.agents.add(link);
    this.strangers.add(link, network);
  }

  acceptClient(socket: Socket, connection = '', address = '', network = address): void {
    const link = new ClientLink(this, socket, connection, address);
    this.clients.add(link);
    this.strangers.add(link, network);
  }

  /** A socket was cut that did not read what it was sent. */
  overflowed(connection: string): void {
    this.counters.overflows++;
    this.log('socket_overflowed', { connection });
  }

  // ---- The bus

  publish(channel: string, message: Uint8Array | string, done?: Published): void {
    const { counters } = this;
    counters.published++;
    counters.publishedBytes += message.length;
    this.bus.publish(channel, message, (receivers) => {
      if (receivers === null) counters.publishLost++;
      done?.(receivers);
    });
  }

  private tell(channel: string, message: PodMessage): void {
    this.publish(channel, JSON.stringify(message));
  }

  /** What must not be lost: said until the bus has taken it. Pods that could not hear it look again when they can. */
  private insist(channel: string, message: PodMessage, tries = 1): void {
    this.publish(channel, JSON.stringify(message), (receivers) => {
      if (receivers !== null || tries >= INSIST_TRIES) return;
      this.clock.after(INSIST_EVERY, () => this.insist(channel, message, tries + 1));
    });
  }

  /** Towards a machine: without the bus when its agent is here, which is what it returns. */
  toMachine(machineId: string, message: Uint8Array | string): boolean {
    const link = this.links.get(machineId);
    if (link?.local) {
      sendTo(link.socket, message);
      return true;
    }
    this.publish(this.names.machineChannel(machineId), message);
    return false;
  }

  listen(machineId: string, confirmed: () => void): void {
    this.bus.subscribe(
      this.names.machineChannel(machineId),
      (message) => this.fromMachineChannel(machineId, message),
      confirmed,
    );
  }

  unlisten(machineId: string): void {
    this.bus.unsubscribe(this.names.machineChannel(machineId));
  }

  private fromMachineChannel(machineId: string, message: Buffer): void {
    const link = this.links.get(machineId);
    if (!link) return;
    this.counters.received++;
    this.counters.receivedBytes += message.length;
    if (frameType(message) !== 0) {
      link.heardOf(frameSession(message));
      link.socket.sendBinary(message);
      return;
    }
    const m = this.parsed<PodMessage | RelayToAgent>(message);
    if (m === null) return;
    if (m.type === 'fence') link.fence(m.epoch);
    else if (m.type === 'revoked') link.verify(true);
    else {
      if ('sessionId' in m && typeof m.sessionId === 'string') link.heardOf(m.sessionId);
      if (m.type === 'attach' || m.type === 'start_session') this.logCarried(machineId, m);
      link.socket.sendText(message.toString('utf8'));
    }
  }

  private logCarried(machine: string, m: MessageOf<RelayToAgent, 'attach' | 'start_session'>): void {
    const { connectionId: connection, pod: from } = m;
    if (m.type === 'start_session') this.log('session_carried', { connection, machine, request: m.requestId, from });
    else {
      const { sessionId: session, clientId: attachment, attempt } = m;
      this.log('attach_carried', { connection, machine, session, attachment, attempt, from });
    }
  }

  publishFence(machineId: string, epoch: number): void {
    this.tell(this.names.machineChannel(machineId), { type: 'fence', epoch });
  }

  /** A machine's answer, to the pod that asked. */
  reply(pod: string, machineId: string, reply: PodReply): void {
    if (pod === this.id) this.requests.answered(machineId, reply);
    else this.tell(this.names.podChannel(pod), { type: 'reply', machineId, reply });
  }

  /** Pods trust each other's messages to have the shape they gave them; a later version's may not be known. */
  parsed<T>(message: Buffer): T | null {
    try {
      return JSON.parse(message.toString('utf8')) as T;
    } catch {
      return null;
    }
  }

  private fromPod(message: Buffer): void {
    const m = this.parsed<PodMessage>(message);
    if (m?.type === 'reply') this.requests.answered(m.machineId, m.reply);
  }

  // ---- Echoes

  /** A keystroke is on its way: the next output is taken for its echo. One at a time is measured for each viewer. */
  typed(viewer: Viewer): void {
    if (!this.observer.echo) return;
    const now = this.clock.monotonic();
    if (viewer.typedAt === 0 || now - viewer.typedAt > ECHO_WITHIN) viewer.typedAt = now;
  }

  /** Output reached a viewer who had typed; `local`: its agent is on this pod. */
  echoed(viewer: Viewer, local: boolean): void {
    const elapsed = this.clock.monotonic() - viewer.typedAt;
    viewer.typedAt = 0;
    if (elapsed <= ECHO_WITHIN) this.observer.echo?.(elapsed, local);
  }

  // ---- Clients and users

  clientKnown(client: ClientLink, who: KnownClient): void {
    this.strangers.delete(client);
    this.users.known(client, who);
  }

  clientGone(client: ClientLink): void {
    this.countMove();
    this.clients.delete(client);
    this.strangers.delete(client);
    this.users.gone(client);
    this.checkEmpty();
  }

  agentGone(link: AgentLink): void {
    this.countMove();
    this.agents.delete(link);
    this.strangers.delete(link);
    this.checkEmpty();
  }

  /** Tells the owner's clients, on every pod. */
  machineChanged(claim: Claim, online: boolean, sessionCount: number): void {
    const { machineId: id, userId, name } = claim;
    const lastSeen = this.clock.now();
    this.directory.seen(id, lastSeen);
    const machine: MachineInfo = { id, name, online, lastSeen, sessionCount };
    this.toUser(userId, { type: 'tell', message: { type: 'machine_changed', machine } });
  }

  toUser(userId: string, message: PodMessage): void {
    this.tell(this.names.userChannel(userId), message);
  }

  /** What a user may do has changed: every pod asks anew for their open sockets, this one also while Redis is away. */
  rightsChanged(userId: string, machineId: string, sessionId: string | null): void {
    this.impart(userId, { type: 'rights', machineId, sessionId });
  }

  /** `loginIds` null: all of this user's. */
  loginsEnded(userId: string, loginIds: readonly string[] | null): void {
    this.impart(userId, { type: 'logins_ended', loginIds });
  }

  private impart(userId: string, message: PodMessage): void {
    this.users.hear(userId, message);
    this.insist(this.names.userChannel(userId), message);
  }

  /** Its token is good no more, on whichever pod its agent is. */
  revokeMachine(machineId: string): void {
    this.links.get(machineId)?.verify(true);
    this.insist(this.names.machineChannel(machineId), { type: 'revoked' });
  }

  /** What was said may have been lost, or nobody could be asked: all rights are looked at again. */
  recheckAll(): void {
    const all = [...this.clients, ...this.agents];
    all.forEach((link, at) => {
      this.clock.after((RECHECK_WITHIN * at) / all.length, () => link.recheck());
    });
  }

  // ---- Life of the pod

  /** Redis may have come back empty: nobody shall be offline until the next renewal is due. */
  private rebuildPresence(): void {
    for (const link of this.links.values()) this.clock.after(REBUILT_WITHIN * this.random(), () => link.renew());
    this.beatWithin(REBUILT_WITHIN, 0);
  }

  private beat(): void {
    const { bytesFromAgents, bytesFromClients, bytesLocal, bytesRemote } = this.counters;
    let sessions = 0;
    for (const link of this.links.values()) sessions += link.activity.sessions.length;
    let attachments = 0;
    for (const client of this.clients) attachments += client.seats.bySession.size;
    this.presence.pod({
      id: this.id,
      started: this.startedAt,
      version: this.version,
      agents: this.links.size,
      clients: this.clients.size,
      sessions,
      attachments,
      draining: this.draining,
      bytesIn: bytesFromAgents + bytesFromClients,
      bytesOut: bytesLocal + bytesRemote,
    });
    this.beatWithin(LIMITS.podRenew, 0.9);
  }

  private beatWithin(ms: number, least: number): void {
    this.heartbeat?.cancel();
    this.heartbeat = this.clock.after(ms * (least + (1 - least) * this.random()), () => this.beat());
  }

  /**
   * Asks agents and clients to move, spread over `withinMs`, and closes whoever is left at its end with 1012. `done`
   * runs as soon as nobody is left.
   */
  drain(withinMs: number, done: () => void): void {
    if (this.draining) return;
    this.draining = true;
    this.beat();
    const started = this.clock.monotonic();
    this.log('drain_started', { agents: this.agents.size, clients: this.clients.size, withinMs });
    this.emptied = () => {
      const { drainMoved: moved, drainClosed: closed } = this.counters;
      this.log('drain_finished', { moved, closed, ms: Math.round(this.clock.monotonic() - started) });
      done();
    };
    const spread = withinMs * 0.8;
    for (const link of this.agents) this.clock.after(this.random() * spread, () => link.sendDraining(withinMs));
    for (const client of this.clients) {
      this.clock.after(this.random() * spread, () => client.send({ type: 'draining', withinMs }));
    }
    this.clock.after(withinMs, () => {
      this.closing = true;
      for (const client of this.clients) client.dismiss(CLOSE.restart);
      for (const link of this.agents) link.dismiss(CLOSE.restart);
    });
    this.checkEmpty();
  }

  private countMove(): void {
    if (this.closing) this.counters.drainClosed++;
    else if (this.draining) this.counters.drainMoved++;
  }

  private checkEmpty(): void {
    if (!this.emptied || this.agents.size > 0 || this.clients.size > 0) return;
    const done = this.emptied;
    this.emptied = null;
    done();
  }

  stop(): void {
    this.heartbeat?.cancel();
    this.rounds?.cancel();
    this.presence.removePod(this.id);
  }
}

function sendTo(socket: Socket, message: Uint8Array | string): void {
  if (typeof message === 'string') socket.sendText(message);
  else socket.sendBinary(message);
}
