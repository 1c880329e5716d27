// The way to machines: straight to those that are owned by this pod, through the bus to the others. And what reaches
// ours from other pods.
import {
  frameSession,
  frameType,
  LIMITS,
  type MachineInfo,
  type MessageOf,
  type RelayToAgent,
  type RelayToClient,
} from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import type { Claim } from '../presence/presence.ts';
import type { Ownership } from './ownership.ts';
import { type PodChannels, type PodMessage, parsed } from './pod-channels.ts';
import type { Surroundings } from './pod-parts.ts';

interface MachinesHost extends Pick<Surroundings, 'bus' | 'names' | 'clock' | 'directory' | 'counters' | 'log'> {
  readonly channels: PodChannels;
}

export class Machines {
  /** Those whose agent is connected here, by id. */
  readonly owned = new Map<string, Ownership>();
  private readonly pod: MachinesHost;

  constructor(pod: MachinesHost) {
    this.pod = pod;
  }

  /** Its agent sends through a connection of this pod. */
  here(machineId: string): boolean {
    return this.owned.get(machineId)?.local ?? false;
  }

  /** Towards a machine: without the bus when its agent is here, which is what it returns. */
  send(machineId: string, message: Uint8Array | string): boolean {
    const owned = this.owned.get(machineId);
    if (owned?.local) {
      this.sendTo(owned.socket, message);
      return true;
    }
    this.pod.channels.publish(this.pod.names.machineChannel(machineId), message);
    return false;
  }

  listen(machineId: string, confirmed: () => void): void {
    this.pod.bus.subscribe(this.pod.names.machineChannel(machineId), this.heard, confirmed);
  }

  unlisten(machineId: string): void {
    this.pod.bus.unsubscribe(this.pod.names.machineChannel(machineId));
  }

  /** One listener for all machines, of which a pod has thousands. */
  private readonly heard = (message: Buffer, channel: string): void => {
    const machineId = this.pod.names.machineOf(channel);
    const owned = this.owned.get(machineId);
    if (!owned) return;
    const { counters } = this.pod;
    counters.received++;
    counters.receivedBytes += message.length;
    if (frameType(message) !== 0) {
      owned.heardOf(frameSession(message));
      this.sendTo(owned.socket, message);
      return;
    }
    const m = parsed<PodMessage | RelayToAgent>(message);
    if (m === null) return;
    if (m.type === 'fence') owned.fence(m.epoch);
    else if (m.type === 'revoked') owned.agent.verify(true);
    else {
      if ('sessionId' in m && typeof m.sessionId === 'string') owned.heardOf(m.sessionId);
      if (m.type === 'attach' || m.type === 'start_session') this.logCarried(machineId, m);
      owned.socket.sendText(message.toString('utf8'));
    }
  };

  private logCarried(machine: string, m: MessageOf<RelayToAgent, 'attach' | 'start_session'>): void {
    const { log } = this.pod;
    const { connectionId: connection, pod: from } = m;
    if (m.type === 'start_session') log('session_carried', { connection, machine, request: m.requestId, from });
    else {
      const { sessionId: session, clientId: attachment, attempt } = m;
      log('attach_carried', { connection, machine, session, attachment, attempt, from });
    }
  }

  /** DRAIN-1 */
  fence(machineId: string, epoch: number): void {
    this.pod.channels.tell(this.pod.names.machineChannel(machineId), { type: 'fence', epoch });
  }

  /** Its token is good no more, on whichever pod its agent is. */
  revoke(machineId: string): void {
    this.owned.get(machineId)?.agent.verify(true);
    this.pod.channels.insist(this.pod.names.machineChannel(machineId), { type: 'revoked' });
  }

  /** Tells the owner's clients, on every pod. */
  changed(claim: Claim, online: boolean, sessionCount: number): void {
    const { machineId: id, userId, name } = claim;
    const lastSeen = this.pod.clock.now();
    this.pod.directory.seen(id, lastSeen);
    const machine: MachineInfo = { id, name, online, lastSeen, sessionCount };
    const message: RelayToClient = { type: 'machine_changed', machine };
    this.pod.channels.tell(this.pod.names.userChannel(userId), { type: 'tell', message });
  }

  /**
   * To an agent. One that reads more slowly than people type, or are made to, is not cut for it, which would take its machine
   * from everybody: frames are dropped, since input and acknowledgements come again (IN-1, CU-4).
   */
  private sendTo(socket: Socket, message: Uint8Array | string): void {
    if (typeof message === 'string') socket.sendText(message);
    else if (socket.buffered <= LIMITS.socketBound) socket.sendBinary(message);
    else this.pod.counters.framesDropped++;
  }
}
