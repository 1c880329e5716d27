// What a client asks about machines and sessions; most of it is asked of the machine's agent, wherever it is.
import {
  type ClientToRelay,
  HermitError,
  type MessageOf,
  type PodReply,
  type RelayToAgent,
  type RelayToClient,
} from '@hermit/protocol';
import type { Action } from '../auth/permissions.ts';
import type { KnownClient } from './directory.ts';
import { sessionAsked } from './journal.ts';
import type { Machines } from './machines.ts';
import type { Surroundings } from './pod-parts.ts';
import type { Requests } from './requests.ts';
import type { Users } from './users.ts';

export interface ClientRequestsHost
  extends Pick<Surroundings, 'id' | 'clock' | 'directory' | 'newId' | 'log' | 'observer'> {
  readonly requests: Requests;
  readonly users: Pick<Users, 'shown'>;
  readonly machines: Pick<Machines, 'here' | 'send'>;
}

/** The socket of whoever asks. */
interface Asker {
  readonly pod: ClientRequestsHost;
  readonly connection: string;
  send(m: RelayToClient): void;
  fail(error: HermitError, about: { requestId?: string | undefined }): void;
  /** Runs `then` when the client may do it; otherwise it is told. */
  allow(
    action: Action,
    of: { machineId: string; sessionId?: string; requestId?: string | undefined },
    then: () => void,
  ): void;
}

export class ClientRequests {
  private readonly link: Asker;
  private readonly pod: ClientRequestsHost;

  constructor(link: Asker) {
    this.link = link;
    this.pod = link.pod;
  }

  listMachines({ requestId }: MessageOf<ClientToRelay, 'list_machines'>, { userId }: KnownClient): void {
    this.pod.directory.machines(userId, (machines) => {
      if (machines instanceof HermitError) this.link.fail(machines, { requestId });
      else {
        for (const machine of machines) this.pod.users.shown(userId, machine);
        this.link.send({ type: 'machines', machines, ...(requestId ? { requestId } : {}) });
      }
    });
  }

  listSessions(m: MessageOf<ClientToRelay, 'list_sessions'>): void {
    this.link.allow('list', m, () => {
      this.ask(
        m,
        this.pod.newId(),
        (key) => ({ type: 'list_sessions', requestId: key, pod: this.pod.id }),
        (reply) => {
          if (reply.type === 'sessions') return { type: 'sessions', machineId: m.machineId, sessions: reply.sessions };
        },
      );
    });
  }

  createSession(m: MessageOf<ClientToRelay, 'create_session'>, { userId }: KnownClient): void {
    this.link.allow('create', m, () => {
      // IN-3: a repeat of this user's request is the same request, through whichever pod.
      const key = `${userId}:${m.requestId ?? this.pod.newId()}`;
      const { type: _, machineId, requestId: __, ...options } = m;
      const { pod } = this;
      const { connection } = this.link;
      const asked = { requestId: key, pod: pod.id, userId, connectionId: connection };
      const start = { ...options, type: 'start_session' as const, ...asked };
      const settled = sessionAsked(pod, { connection, user: userId, machine: machineId, request: key });
      this.ask(
        m,
        key,
        () => start,
        (reply) => {
          if (reply.type === 'session_started') return { type: 'session_created', machineId, session: reply.session };
        },
        settled,
      );
    });
  }

  killSession(m: MessageOf<ClientToRelay, 'kill_session'>): void {
    this.link.allow('kill', m, () => {
      const { machineId, sessionId, signal } = m;
      const kill = { type: 'kill_session' as const, pod: this.pod.id, sessionId, ...(signal ? { signal } : {}) };
      this.ask(
        m,
        this.pod.newId(),
        (requestId) => ({ ...kill, requestId }),
        (reply) => {
          if (reply.type === 'request_done') return { type: 'session_killed', machineId, sessionId };
        },
      );
    });
  }

  /** Asks the machine and turns its reply into ours. An offline machine is told at once. */
  private ask(
    m: { machineId: string; requestId?: string | undefined },
    key: string,
    ask: (key: string) => RelayToAgent,
    answer: (reply: PodReply) => RelayToClient | undefined,
    settled: (answer: RelayToClient | HermitError) => void = () => {},
  ): void {
    const { machineId, requestId } = m;
    const message = JSON.stringify(ask(key));
    const send = () => {
      this.pod.requests.open(
        key,
        machineId,
        () => this.pod.machines.send(machineId, message),
        (reply) => {
          const ours = reply instanceof HermitError ? reply : answer(reply);
          if (ours) settled(ours);
          if (ours instanceof HermitError) this.link.fail(ours, { requestId });
          else if (ours) this.link.send({ ...ours, ...(requestId ? { requestId } : {}) } as RelayToClient);
        },
      );
    };
    if (this.pod.machines.here(machineId)) send();
    else {
      this.pod.directory.online([machineId], (online) => {
        if (online && !online.has(machineId)) {
          settled(new HermitError('MACHINE_OFFLINE'));
          this.link.fail(new HermitError('MACHINE_OFFLINE'), { requestId });
        } else send();
      });
    }
  }
}
