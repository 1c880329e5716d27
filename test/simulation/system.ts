// A whole Hermit on a virtual clock: two or three pods, an agent, viewers; its faults; and the properties S1 to S8.
import { LIMITS, useLimits } from '@hermit/protocol';
import type { Dial, SocketEvents } from '@hermit/transport';
import type { Session } from '../../services/agent/src/session/session.ts';
import { JsonClient } from './actors/json-client.ts';
import { SimAgent } from './actors/sim-agent.ts';
import { SimClient, type Viewer } from './actors/sim-client.ts';
import { SimPod } from './actors/sim-pod.ts';
import { DEADLINE, type Fault, HEALED, type Schedule } from './schedule.ts';
import type { Wire } from './world/network.ts';
import { SimRedis } from './world/sim-bus.ts';
import { SimStore } from './world/sim-store.ts';
import { type Process, World } from './world/world.ts';

/** Bytes that a client's socket may buffer past its bound: the messages that come whatever the socket does. */
const MESSAGES = 2_500;
/** What a socket may buffer: narrow where faults congest it, wide where nothing may. */
const SOCKET_BOUND = { calm: 8_000, drain: 8_000, faults: 1_400 };
/** S7: a program waits at most the responsive time and a few ticks. */
const MOST_PAUSED = 2_400;
/**
 * S8: where nobody is slow and nothing is lost, no live viewer waits longer for a byte, also in a drain; milliseconds. A
 * fence takes up to 200, and then what was held passes the narrow windows of the simulation; an attach that has to be
 * repeated takes longer.
 */
const MOST_STALLED = 1_000;
/** S5: changes between live and catching up, of one attempt. */
const MOST_MARKERS = 150;
/** A connection that has not come to be is given up; milliseconds. */
const HANDSHAKE = 3_000;
const MOST_EVENTS = 1_500_000;

/** Since when a program is paused without an acknowledgement of anything new, and the most that each viewer has had. */
type Pause = { since: number; most: Map<string, { ack: number; chunks: number; painting: number }> };

export class System {
  readonly world: World;
  readonly pods: SimPod[] = [];
  readonly viewers: (Viewer & (SimClient | JsonClient))[] = [];
  readonly redis: SimRedis;
  readonly store: SimStore;
  readonly agent: SimAgent;
  private readonly schedule: Schedule;
  private readonly wires = new Map<Process, Wire[]>();
  private readonly pauses = new Map<string, Pause>();
  /** Viewers whose terminal or network takes little. */
  private readonly slow = new Set<Viewer>();
  private agentOffline = false;
  private restarted = false;

  constructor(schedule: Schedule, trace: string[] | null = null) {
    this.schedule = schedule;
    useLimits({ socketBound: SOCKET_BOUND[schedule.kind] });
    const world = new World(schedule.seed);
    world.trace = trace;
    this.world = world;
    this.redis = new SimRedis(world);
    this.store = new SimStore(world);
    for (let i = world.int(2, 3); i > 0; i--) {
      this.pods.push(new SimPod(world, this.redis, this.store, `pod${this.pods.length}`));
    }
    this.agent = new SimAgent(world, (agent) => this.dialler(agent.process, 'agent', () => this.agentOffline, 400));
    this.agent.boot(this.outputs());
    this.people();
  }

  private outputs(): number[] {
    const { world } = this;
    return world.chance(0.3) ? [world.int(800, 3_000), world.int(400, 1_500)] : [world.int(800, 4_000)];
  }

  private people(): void {
    const { world, schedule } = this;
    const truths = [...this.agent.truths.values()];
    for (let i = 0, n = schedule.kind === 'calm' ? world.int(1, 3) : world.int(1, 4); i < n; i++) {
      const slow = world.chance(0.3);
      const bandwidth = world.chance(0.2) ? 2 + 2 * world.random() : 40 + world.random() * 400;
      const mode = world.chance(0.6) ? 'stream' : 'screen';
      const options = {
        typist: i + 1,
        mode,
        rate: slow ? 0.4 + world.random() * 0.8 : 4 + world.random() * 40,
        keys: world.int(0, 25),
        create: world.chance(0.4),
      } as const;
      const viewer =
        mode === 'stream' && world.chance(0.25)
          ? new JsonClient(world, (c) => this.dialler(c.process, 'client', () => c.offline, bandwidth), i + 1)
          : new SimClient(world, (c) => this.dialler(c.process, 'client', () => c.offline, bandwidth), options);
      this.viewers.push(viewer);
      if (slow || bandwidth < 40) this.slow.add(viewer);
      const first = schedule.faults[0]?.at ?? 1_000;
      const begin =
        schedule.kind === 'drain' && world.chance(0.3) ? first + world.int(0, 60) : 100 + world.int(0, 2_500);
      const truth = world.pick(truths);
      world.at(begin, () => {
        if (viewer.quit) return;
        viewer.begin([...this.agent.truths.values()].find((t) => t === truth && !t.gone) ?? this.newest());
      });
    }
  }

  private newest() {
    const living = [...this.agent.truths.values()].filter((t) => !t.gone && this.agent.agent.sessions.all.has(t.id));
    return living[0] as NonNullable<(typeof living)[number]>;
  }

  /** Connections go to any pod that takes them, as through a load balancer. */
  private dialler(process: Process, kind: 'agent' | 'client', offline: () => boolean, bandwidth: number): Dial {
    const { world } = this;
    return (_url, events: SocketEvents, opened) => {
      const { life } = process;
      let over = false;
      const fail = (ms: number, why: string) =>
        world.at(ms, () =>
          process.deliver(life, () => {
            if (over) return;
            over = true;
            events.close(1006, why);
          }),
        );
      const cancel = {
        cancel() {
          over = true;
        },
      };
      if (offline()) {
        fail(world.int(10, 300), 'no network');
        return cancel;
      }
      // A load balancer learns of a drain before the pod is told; in a schedule of faults, later.
      const ready = this.schedule.kind === 'drain' ? this.pods.filter((p) => !p.draining) : this.pods;
      const pod = world.pick(ready);
      if (!pod.process.alive || pod.draining) {
        fail(world.int(5, 60), 'refused');
        return cancel;
      }
      const wire = pod.connect(process, bandwidth);
      this.wires.set(process, [...(this.wires.get(process) ?? []).filter((w) => w.connected), wire]);
      const podLife = pod.process.life;
      let answered = false;
      wire.dialler.events = {
        ...events,
        close(code, reason) {
          answered = true;
          events.close(code, reason);
        },
      };
      // Whoever dials gives up after a while.
      world.at(HANDSHAKE, () =>
        process.deliver(life, () => {
          if (answered || over) return;
          over = true;
          wire.dialler.events = { text() {}, binary() {}, close() {} };
          wire.dialler.terminate();
          events.close(1006, 'no answer');
        }),
      );
      // A frozen pod accepts in its kernel, and answers when it wakes.
      world.at(world.int(1, 10), () =>
        pod.process.deliver(podLife, () => {
          if (!wire.connected || pod.draining) {
            fail(world.int(1, 10), wire.connected ? 'draining' : 'reset');
            return;
          }
          if (kind === 'agent') pod.pod.acceptAgent(wire.server);
          else pod.pod.acceptClient(wire.server);
          world.at(world.int(1, 10), () =>
            process.deliver(life, () => {
              if (over) wire.dialler.terminate();
              else if (!answered) {
                answered = true;
                wire.dialler.events = events;
                opened(wire.dialler);
              }
            }),
          );
        }),
      );
      return cancel;
    };
  }

  // ---- Faults

  private inject(fault: Fault): void {
    const { world, agent, pods, viewers } = this;
    const at = <T>(list: readonly T[]): T => list[Math.floor(fault.a * list.length)] as T;
    const pod = at(pods);
    const viewer = at(viewers);
    const span = 100 + Math.floor(fault.b * 6_000);
    const wiresOf = (process: Process) => (this.wires.get(process) ?? []).filter((w) => w.connected);
    world.log(() => `## ${fault.kind} ${pod.process.name} ${viewer.name} ${span}`);
    switch (fault.kind) {
      case 'drop':
        this.redis.dropNext += 1;
        return;
      case 'dropBurst':
        this.redis.dropNext += 2 + Math.floor(fault.b * 8);
        return;
      case 'cutSubscriber':
        pod.bus.cutSubscriber();
        return;
      case 'cutPublisher':
        pod.bus.cutPublisher();
        return;
      case 'redis':
        if (fault.b > 0.5) this.store.wipe();
        for (const p of pods) {
          p.bus.cutSubscriber();
          p.bus.cutPublisher();
        }
        return;
      case 'kill':
        if (!pod.process.alive) return;
        pod.kill();
        world.at(span / 2, () => pod.revive());
        return;
      case 'stop':
        this.freeze(pod, span);
        return;
      case 'clientCut':
        for (const wire of wiresOf(viewer.process)) wire.cut();
        return;
      case 'clientReset':
        for (const wire of wiresOf(viewer.process)) wire.reset();
        return;
      case 'agentCut':
        for (const wire of wiresOf(agent.process)) wire.cut();
        return;
      case 'agentReset':
        for (const wire of wiresOf(agent.process)) wire.reset();
        return;
      case 'agentOffline':
        this.agentOffline = true;
        for (const wire of wiresOf(agent.process)) wire.cut();
        world.at(span, () => {
          this.agentOffline = false;
        });
        return;
      case 'lateRegister': {
        // A `register` waits in a frozen pod while the agent, cut off from it, comes back to where it was.
        const { state } = agent;
        if (state.state !== 'registered') return;
        for (const p of pods) if (p.pod.id !== state.pod) this.freeze(p, 2_500 + span / 2);
        for (const wire of wiresOf(agent.process)) wire.reset();
        world.at(250, () => {
          for (const wire of wiresOf(agent.process)) wire.cut();
        });
        return;
      }
      case 'clientOffline':
        viewer.offline = true;
        for (const wire of wiresOf(viewer.process)) wire.cut();
        world.at(span, () => {
          viewer.offline = false;
        });
        return;
      case 'stuck':
        viewer.stuck = true;
        world.at(span, () => {
          viewer.stuck = false;
        });
        return;
      case 'flap':
        for (let i = 0; i < 6; i++) {
          world.at(i * 1_500, () => {
            for (const wire of wiresOf(viewer.process)) wire.reset();
          });
          world.at(i * 1_500 + 20 + Math.floor(fault.b * 40), () => {
            for (const wire of wiresOf(viewer.process)) wire.cut();
          });
        }
        return;
      case 'drain': {
        if (!pod.process.alive || pod.process.stopped || pod.draining) return;
        pod.drain();
        const { life } = pod.process;
        world.at(2_000, () => {
          if (!pod.process.alive || pod.process.life !== life) return;
          pod.kill();
          world.at(300, () => pod.revive());
        });
        return;
      }
      case 'agentRestart':
        this.restarted = true;
        for (const wire of wiresOf(agent.process)) wire.died(agent.process);
        agent.restart(this.outputs());
        return;
      case 'leave':
        if (viewers.filter((v) => !v.quit).length < 2 || viewer.quit) return;
        for (const wire of wiresOf(viewer.process)) wire.cut();
        viewer.leave();
        return;
    }
  }

  private freeze(pod: SimPod, span: number): void {
    if (!pod.process.alive || pod.process.stopped) return;
    pod.process.stop();
    const { life } = pod.process;
    this.world.at(span, () => {
      if (pod.process.life === life) pod.process.resume();
    });
  }

  // ---- The run

  run(): void {
    const { world, schedule } = this;
    for (const fault of schedule.faults) world.at(fault.at, () => this.inject(fault));
    world.at(HEALED, () => {
      for (const pod of this.pods) {
        pod.revive();
        pod.process.resume();
      }
      for (const viewer of this.viewers) viewer.stuck = false;
      this.redis.dropNext = 0;
    });
    let done = false;
    let why = '';
    const check = () => {
      this.always();
      const early = schedule.kind === 'faults' && world.now < HEALED + 800;
      why = early ? 'early' : this.unfinished();
      done = why === '';
      if (!done) world.at(100, check);
    };
    world.at(100, check);
    world.run(DEADLINE, () => done, MOST_EVENTS);
    if (!done) world.fail(why.slice(0, 2), `${why.slice(4)}, after every fault has healed`);
    this.calm();
  }

  /** What must hold at every moment. */
  private always(): void {
    const { world } = this;
    for (const session of this.agent.agent.sessions.all.values()) {
      this.watchPause(session);
      for (const a of session.attachments.values()) {
        if (a.marker > MOST_MARKERS) world.fail('S5', `${a.id} went live and back ${a.marker} times`);
      }
      // A script has a new attachment with each connection, and the old ones live on until their sockets are found dead.
      if (session.attachments.size > this.viewers.length + 8) world.fail('S5', 'more attachments than viewers');
    }
    for (const pod of this.pods) {
      for (const wire of pod.wires) {
        if (wire.connected && wire.server.buffered > LIMITS.socketBound + MESSAGES && !this.isAgents(wire)) {
          world.fail('S5', `${wire.server.buffered} bytes are buffered for one client`);
        }
      }
    }
  }

  /** S7: what was acknowledged is looked at from outside, not as the agent remembers it; a new attempt is no progress. */
  private watchPause(session: Session): void {
    const { world } = this;
    const pause = this.pauses.get(session.id) ?? { since: world.now, most: new Map() };
    this.pauses.set(session.id, pause);
    let progress = false;
    for (const { id, attempt, ack, snapshot } of session.attachments.values()) {
      const before = pause.most.get(id);
      const chunks = snapshot ? snapshot.id * 1_000 + snapshot.acked : 0;
      // The last chunk of a snapshot ends it, which is progress as any other.
      const painted = before?.painting === attempt && !snapshot;
      if (!before || ack > before.ack || chunks > before.chunks || painted) progress = true;
      pause.most.set(id, {
        ack: Math.max(ack, before?.ack ?? 0),
        chunks: Math.max(chunks, before?.chunks ?? 0),
        painting: snapshot ? attempt : 0,
      });
    }
    if (progress || !session.paused) pause.since = world.now;
    if (world.now - pause.since > MOST_PAUSED) {
      world.fail('S7', `${session.id} is paused, and nobody acknowledges anything new`);
    }
  }

  private isAgents(wire: Wire): boolean {
    return (this.wires.get(this.agent.process) ?? []).includes(wire);
  }

  /** '' when everything has arrived; otherwise the property and what is missing. */
  private unfinished(): string {
    const { agent } = this;
    for (const viewer of this.viewers) {
      if (viewer.quit) continue;
      const missing = viewer.missing();
      if (missing) return `${missing.slice(0, 4)}${viewer.name} ${missing.slice(4)}`;
    }
    for (const truth of agent.truths.values()) {
      if (truth.gone || truth.printedAt.length === 0 || truth.ended) continue;
      const session = agent.agent.sessions.all.get(truth.id);
      return `S4: ${truth.id} does not end (${session?.paused ? 'paused' : 'not paused'}; ${truth.waiting})`;
    }
    for (const viewer of this.viewers) {
      if (!viewer.quit || !(viewer instanceof SimClient) || !viewer.attachment) continue;
      for (const session of agent.agent.sessions.all.values()) {
        if (session.attachments.has(viewer.attachment.clientId))
          return `S5: ${viewer.name} has left, its attachment stays`;
      }
    }
    const owner = this.store.owner();
    const { state } = agent;
    if (state.state !== 'registered') return `S6: the agent is ${state.state}`;
    if (!owner || owner.pod !== state.pod) return `S6: presence says ${owner?.pod}, the agent is at ${state.pod}`;
    return '';
  }

  /** S8, and what must hold in the end. */
  private calm(): void {
    const { world, schedule, agent } = this;
    const asks = this.pods.reduce((sum, pod) => sum + pod.catchUps, 0);
    if (asks > 250) world.fail('S5', `${asks} catch-up requests`);
    if (!this.restarted) {
      for (const viewer of this.viewers) {
        if (!(viewer instanceof SimClient)) continue;
        const times = agent.started.get(`made by ${viewer.name}`) ?? 0;
        if (times > 1 + viewer.createErrors) world.fail('S3', `${viewer.name} asked for one session and got ${times}`);
      }
    }
    if (schedule.kind === 'faults') return;
    // Nothing was lost, so nothing may need to be repaired.
    if (asks > 0 && !this.viewers.some((v) => v instanceof JsonClient)) {
      world.fail('S8', `${asks} catch-up requests though nothing was lost`);
    }
    for (const viewer of this.viewers) {
      if (!(viewer instanceof SimClient)) continue;
      if (viewer.attachment && viewer.attachment.reattached > 0) world.fail('S8', `${viewer.name} had to attach anew`);
      if (this.slow.size === 0 && viewer.worstStall > MOST_STALLED) {
        world.fail('S8', `${viewer.name} was live, and waited ${Math.round(viewer.worstStall)} ms for a byte`);
      }
      const alone = this.viewers.filter((v) => v.truth === viewer.truth).length === 1;
      if (schedule.kind === 'calm' && alone && viewer.mode === 'stream' && viewer.lost.length > 0) {
        world.fail('S1', `${viewer.name}, the only reader and never absent, lost history to the program it reads`);
      }
    }
  }
}
