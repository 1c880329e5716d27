// One relay pod: agents on one side, viewers on the other, the bus between pods. It holds no truth: everything here
// can vanish at any moment, and is rebuilt from the connections that are open.
//
//   agent-link ──▶ ownership ──▶ audience ──▶ viewer ──▶ client socket        output, on this pod
//   agent-link ──▶ ownership ──▶ bus ──▶ audience of another pod              output, to other pods
//   client-link ──▶ client-input ──▶ machines ──▶ agent's socket, or bus      input, acks, requests
//
// This file puts them together; none of them knows it. Each names what it needs of its pod in an interface of its own.
import { LIMITS, type PodReply } from '@hermit/protocol';
import type { Clock, Random, Socket, Timer } from '@hermit/transport';
import type { Bus } from '../bus/bus.ts';
import type { Presence } from '../presence/presence.ts';
import type { RedisNames } from '../redis/redis-names.ts';
import type { Log } from '../telemetry/events.ts';
import { AgentLink, type AgentLinkHost } from './agent-link.ts';
import { Audiences } from './audiences.ts';
import { ClientLink, type ClientLinkHost } from './client-link.ts';
import { newCounters } from './counters.ts';
import { Departure } from './departure.ts';
import type { Directory, KnownClient } from './directory.ts';
import { Echoes } from './echoes.ts';
import { Machines } from './machines.ts';
import type { PodObserver } from './observer.ts';
import { PodChannels, type PodMessage, parsed } from './pod-channels.ts';
import type { PodParts } from './pod-parts.ts';
import { Requests } from './requests.ts';
import { Strangers } from './strangers.ts';
import { Users } from './users.ts';

/** After Redis may have forgotten everything, it knows our machines again within this time; milliseconds. */
const REBUILT_WITHIN = 1_000;
/** After messages may have been lost, all sockets look at their rights again within this time; milliseconds. */
const RECHECK_WITHIN = 10_000;

export class Pod implements AgentLinkHost, ClientLinkHost {
  readonly id: string;
  readonly version: string;
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
  readonly channels: PodChannels;
  readonly machines: Machines;
  readonly audiences: Audiences;
  readonly users: Users;
  readonly echoes: Echoes;
  readonly agents = new Set<AgentLink>();
  readonly clients = new Set<ClientLink>();
  /** Those of both that have not introduced themselves. */
  readonly strangers = new Strangers<AgentLink | ClientLink>();

  private readonly departure: Departure;
  private readonly startedAt: number;
  private heartbeat: Timer | null = null;
  private rounds: Timer | null = null;

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
    this.channels = new PodChannels(this);
    this.machines = new Machines(this);
    this.audiences = new Audiences(this);
    this.users = new Users(this);
    this.echoes = new Echoes(this);
    this.departure = new Departure(this);
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

  // ---- Agents and clients

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

  agentKnown(link: AgentLink): void {
    this.strangers.delete(link);
  }

  clientKnown(client: ClientLink, who: KnownClient): void {
    this.strangers.delete(client);
    this.users.known(client, who);
  }

  agentGone(link: AgentLink): void {
    this.agents.delete(link);
    this.strangers.delete(link);
    this.departure.left();
  }

  clientGone(client: ClientLink): void {
    this.clients.delete(client);
    this.strangers.delete(client);
    this.users.gone(client);
    this.departure.left();
  }

  // ---- Answers of machines

  /** To the pod that asked. */
  reply(pod: string, machineId: string, reply: PodReply): void {
    if (pod === this.id) this.requests.answered(machineId, reply);
    else this.channels.tell(this.names.podChannel(pod), { type: 'reply', machineId, reply });
  }

  private fromPod(message: Buffer): void {
    const m = parsed(message);
    if (m?.type === 'reply') this.requests.answered(m.machineId, m.reply);
  }

  // ---- What has happened to accounts

  toUser(userId: string, message: PodMessage): void {
    this.channels.tell(this.names.userChannel(userId), message);
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
    this.channels.insist(this.names.userChannel(userId), message);
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
    for (const owned of this.machines.owned.values()) {
      this.clock.after(REBUILT_WITHIN * this.random(), () => owned.renew());
    }
    this.beatWithin(REBUILT_WITHIN, 0);
  }

  beat(): void {
    const { bytesFromAgents, bytesFromClients, bytesLocal, bytesRemote } = this.counters;
    let sessions = 0;
    for (const { sessionCount } of this.machines.owned.values()) sessions += sessionCount;
    let attachments = 0;
    for (const client of this.clients) attachments += client.seats.taken.all.length;
    this.presence.pod({
      id: this.id,
      started: this.startedAt,
      version: this.version,
      agents: this.machines.owned.size,
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

  get draining(): boolean {
    return this.departure.begun;
  }

  /**
   * Asks agents and clients to move, spread over `withinMs`, and closes whoever is left at its end with 1012. `done`
   * runs as soon as nobody is left.
   */
  drain(withinMs: number, done: () => void): void {
    if (!this.draining) this.departure.begin(withinMs, done);
  }

  /** Closes all sockets. */
  dismissAll(): void {
    this.departure.end();
  }

  stop(): void {
    this.heartbeat?.cancel();
    this.rounds?.cancel();
    this.presence.removePod(this.id);
  }
}
