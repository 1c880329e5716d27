// A machine that this pod owns, from the moment its claim was taken: heard for it, renewed, told of, handed over and let
// go of. The rules OWN, DRAIN and INT of SPEC.md, the pod's side.
import {
  type AgentToRelay,
  CLOSE,
  type CloseRule,
  type FrameType,
  frameSession,
  LIMITS,
  type MessageOf,
  PROTOCOL_VERSION,
  type RelayToAgent,
  type SessionMessage,
} from '@hermit/protocol';
import type { Socket } from '@hermit/transport';
import type { Activity, Claim } from '../presence/presence.ts';
import type { Audiences } from './audiences.ts';
import { Interest } from './interest.ts';
import type { PodChannels } from './pod-channels.ts';
import type { Surroundings } from './pod-parts.ts';

/** A renewal that nobody answered is tried again this soon: what comes back may have forgotten us; milliseconds. */
const RETRY = 1_000;
/** What runs on a machine is told to presence and to people this often at most; milliseconds. */
const DESCRIBE_EVERY = 100;

/** The connection through which the machine is owned. */
export interface OwnedAgent {
  readonly socket: Socket;
  readonly connection: string;
  send(m: RelayToAgent): void;
  dismiss(rule: CloseRule): void;
  /** Looks at the token again; `doubt`: whoever cannot be proven to be good is dismissed. */
  verify(doubt: boolean): void;
}

export interface OwnershipHost
  extends Pick<Surroundings, 'id' | 'clock' | 'random' | 'names' | 'presence' | 'directory' | 'counters' | 'log'> {
  readonly draining: boolean;
  readonly audiences: Audiences;
  readonly channels: PodChannels;
  readonly machines: {
    readonly owned: Map<string, Ownership>;
    listen(machineId: string, confirmed: () => void): void;
    unlisten(machineId: string): void;
    fence(machineId: string, epoch: number): void;
    changed(claim: Claim, online: boolean, sessionCount: number): void;
  };
}

export class Ownership {
  readonly machineId: string;
  readonly agent: OwnedAgent;
  readonly socket: Socket;
  /** This pod listens for the machine, and its agent knows. */
  registered = false;
  /** The agent sends through this connection: viewers here are served without the bus (DRAIN-2). */
  local = false;
  /** Sessions, and those of them whose program has ended, when the agent last said. */
  sessionCount = 0;
  endedCount = 0;
  /** Programs that were waiting for viewers or for their screens when the agent last said. */
  ptysPaused = 0;
  private readonly claim: Claim;
  private readonly pod: OwnershipHost;
  private retired = false;
  /** A description was told a moment ago; `next`: there is a later one. */
  private described: { next: Activity | null } | null = null;
  /** Made when another pod is first heard of. */
  private interest: Interest | null = null;
  /** When presence is due to be renewed (whole monotonic ms); null: it is being done. */
  private renewAt: number | null = null;

  /** The presence store has agreed to the claim. */
  constructor(pod: OwnershipHost, agent: OwnedAgent, claim: Claim) {
    this.pod = pod;
    this.agent = agent;
    this.socket = agent.socket;
    this.claim = claim;
    this.machineId = claim.machineId;
  }

  private get holds(): boolean {
    return this.pod.machines.owned.get(this.machineId) === this;
  }

  begin(): void {
    const { agent, claim, machineId, pod } = this;
    const old = pod.machines.owned.get(machineId);
    pod.machines.owned.set(machineId, this);
    pod.counters.registrations++;
    old?.replaced(claim);
    // OWN-5: first listening, then `registered`.
    pod.machines.listen(machineId, () => {
      if (!this.holds || !this.socket.open) return;
      this.registered = true;
      const { userId: user, epoch, agentVersion, connectedAt } = claim;
      const { connection } = agent;
      const ms = pod.clock.now() - connectedAt;
      pod.log('agent_registered', { connection, machine: machineId, user, epoch, agentVersion, ms });
      agent.send({ type: 'registered', success: true, protocol: PROTOCOL_VERSION, machineId, pod: pod.id, epoch });
      if (pod.draining) agent.send({ type: 'draining', withinMs: 0 });
      // What was said before we listened was not heard.
      agent.verify(false);
    });
    this.renewLater(LIMITS.machineRenew);
  }

  /** Does what is due; `now` is monotonic. */
  visit(now: number): void {
    if (this.renewAt === null || now < this.renewAt) return;
    this.renewAt = null;
    this.renew();
  }

  // ---- What passes

  frame(type: FrameType, frame: Uint8Array): void {
    const sessionId = frameSession(frame);
    this.pod.audiences.of(this.machineId, sessionId)?.frame(type, frame);
    this.publish(sessionId, frame);
  }

  message(m: SessionMessage, text: string): void {
    this.pod.audiences.of(this.machineId, m.sessionId)?.message(m);
    this.publish(m.sessionId, text);
  }

  /** Only where somebody listens; a publish that reached nobody says that interest has gone (INT-2). */
  private publish(sessionId: string, message: Uint8Array | string): void {
    const { interest, pod } = this;
    if (!interest?.has(sessionId)) return;
    const at = interest.published();
    pod.channels.publish(pod.names.sessionChannel(this.machineId, sessionId), message, (receivers) => {
      if (receivers === 0) interest.nobodyHeard(sessionId, at);
    });
  }

  /** A message about a session came from another pod: somebody there looks at it. */
  heardOf(sessionId: string): void {
    this.interest ??= new Interest();
    this.interest.heardOf(sessionId);
  }

  // ---- What runs there

  describe(m: MessageOf<AgentToRelay, 'sessions'>): void {
    if (this.retired) return;
    const { sessions, attachments = [] } = m;
    const activity: Activity = { sessions, attachments };
    this.sessionCount = sessions.length;
    this.endedCount = sessions.filter(({ exit }) => exit !== undefined).length;
    if (this.described) this.described.next = activity;
    else this.tellActivity(activity);
  }

  private tellActivity(activity: Activity): void {
    const { claim, pod } = this;
    pod.presence.describe(claim, activity);
    pod.machines.changed(claim, true, activity.sessions.length);
    const described: { next: Activity | null } = { next: null };
    this.described = described;
    pod.clock.after(DESCRIBE_EVERY, () => {
      this.described = null;
      if (described.next && !this.retired && this.holds) this.tellActivity(described.next);
    });
  }

  // ---- The lease

  private renewLater(ms: number): void {
    const { clock, random } = this.pod;
    this.renewAt = Math.floor(clock.monotonic() + ms * (0.9 + 0.1 * random()));
  }

  /** Also when what is stored may have been lost. */
  renew(): void {
    const { claim, pod } = this;
    if (this.retired || !this.holds) return;
    pod.presence.renew(claim, (renewed) => {
      if (!this.socket.open || this.retired || !this.holds) return;
      if (renewed.result === 'superseded') this.retire(renewed.storedInstance);
      else {
        if (renewed.result === 'rebuilt') {
          // Nothing of it is kept here: what runs there is the agent's to say.
          this.agent.send({ type: 'announce' });
          // Whoever looked while Redis knew nothing has been told that it is offline.
          pod.machines.changed(claim, true, this.sessionCount);
        }
        this.renewLater(renewed.result === 'unavailable' ? RETRY : LIMITS.machineRenew);
      }
    });
  }

  /** OWN-2: perhaps in the middle of a handover, so carry on for what is in flight; the agent closes when it moved. */
  private retire(storedInstance: string): void {
    const { agent, claim, machineId, pod } = this;
    this.retired = true;
    pod.counters.ownershipLost++;
    pod.log('agent_superseded', { connection: agent.connection, machine: machineId, epoch: claim.epoch });
    pod.audiences.subscribeAll(machineId, () => {
      this.local = false;
    });
    pod.clock.after(LIMITS.retireGrace, () => {
      if (!this.socket.open) return;
      this.supersede(storedInstance);
    });
  }

  /** The same machine has registered on this very pod. */
  private replaced(by: Claim): void {
    this.local = false;
    this.supersede(by.instanceId);
  }

  private supersede(instanceId: string): void {
    const otherInstance = instanceId !== this.claim.instanceId;
    this.agent.send({ type: 'superseded', otherInstance });
    this.letGo();
    this.agent.dismiss(otherInstance ? CLOSE.superseded : CLOSE.staleEpoch);
  }

  /** OWN-4: subscribes on behalf of the viewers here, then asks for tips. */
  private letGo(): void {
    const { machineId, pod } = this;
    if (!this.holds) return;
    this.local = false;
    this.interest = null;
    pod.machines.owned.delete(machineId);
    pod.machines.unlisten(machineId); // OWN-3
    pod.audiences.subscribeEach(machineId, (audience) => audience.askTip());
  }

  /** Its connection is at its end. Once: what is let go of is not ours any more. */
  end(): void {
    const { claim, pod } = this;
    if (!this.holds) return;
    pod.presence.release(claim.machineId, claim.epoch);
    this.letGo();
    // After a handover it is another pod's: nobody is told that it is offline.
    pod.directory.online([claim.machineId], (online) => {
      if (online && !online.has(claim.machineId)) pod.machines.changed(claim, false, 0);
    });
  }

  // ---- Handover

  /** DRAIN-2: the agent has moved here. */
  becomeCurrent(interest: readonly string[]): void {
    if (!this.holds || this.retired) return;
    this.local = true;
    for (const sessionId of interest) this.heardOf(sessionId);
    this.pod.audiences.unsubscribeAll(this.machineId);
  }

  /**
   * DRAIN-1: our own viewers must be able to hear the next owner before it speaks. Then one fence on the machine's
   * channel: at the new pod it follows all output published here, here it follows all control published before the
   * new pod listened.
   */
  flush(epoch: number): void {
    const { machineId, pod } = this;
    pod.audiences.subscribeAll(machineId, () => {
      this.local = false;
      pod.machines.fence(machineId, epoch);
    });
  }

  /** Either pod of a handover tells the agent that its subscription has reached the fence (DRAIN-1). */
  fence(epoch: number): void {
    this.agent.send({ type: 'fence_passed', epoch });
  }
}
