// All audiences of one pod, and whether they hear their sessions through the bus.
import { Audience, type AudienceHost } from './audience.ts';
import type { Viewer } from './viewer.ts';

interface AudiencesHost extends AudienceHost {
  /** `here`: the agent of the machine sends through a connection of this pod. */
  readonly machines: AudienceHost['machines'] & { here(machineId: string): boolean };
}

export class Audiences {
  private readonly pod: AudiencesHost;
  private readonly machines = new Map<string, Map<string, Audience>>();

  constructor(pod: AudiencesHost) {
    this.pod = pod;
  }

  of(machineId: string, sessionId: string): Audience | undefined {
    return this.machines.get(machineId)?.get(sessionId);
  }

  enter(viewer: Viewer): void {
    const { machineId, sessionId } = viewer;
    let sessions = this.machines.get(machineId);
    if (!sessions) {
      sessions = new Map();
      this.machines.set(machineId, sessions);
    }
    let audience = sessions.get(sessionId);
    if (!audience) {
      audience = new Audience(this.pod, machineId, sessionId);
      sessions.set(sessionId, audience);
    }
    // Joined by spreading, one viewer would have room for sixteen more.
    audience.viewers = audience.viewers.concat(viewer);
  }

  leave(viewer: Viewer): void {
    const { machineId, sessionId } = viewer;
    const sessions = this.machines.get(machineId);
    const audience = sessions?.get(sessionId);
    if (!sessions || !audience?.viewers.includes(viewer)) return;
    audience.viewers = audience.viewers.filter((other) => other !== viewer);
    if (audience.viewers.length > 0) return;
    audience.close();
    sessions.delete(sessionId);
    if (sessions.size === 0) this.machines.delete(machineId);
  }

  /** INT-1: `then` runs once frames of the viewer's session reach this pod. */
  whenHearing(viewer: Viewer, then: () => void): void {
    if (this.pod.machines.here(viewer.machineId)) then();
    else this.of(viewer.machineId, viewer.sessionId)?.subscribe(then);
  }

  /** `each` runs for every audience of the machine once its subscription stands. */
  subscribeEach(machineId: string, each: (audience: Audience) => void): void {
    for (const audience of this.ofMachine(machineId)) audience.subscribe(() => each(audience));
  }

  /** `then` runs once all of them stand. */
  subscribeAll(machineId: string, then: () => void): void {
    let left = 1;
    const one = () => {
      if (--left === 0) then();
    };
    for (const audience of this.ofMachine(machineId)) {
      left++;
      audience.subscribe(one);
    }
    one();
  }

  unsubscribeAll(machineId: string): void {
    for (const audience of this.ofMachine(machineId)) audience.unsubscribe();
  }

  /** What was published while the subscriptions were away is lost: the tips tell. */
  askTips(): void {
    for (const sessions of this.machines.values()) for (const audience of sessions.values()) audience.askTip();
  }

  private ofMachine(machineId: string): Audience[] {
    return [...(this.machines.get(machineId)?.values() ?? [])];
  }
}
