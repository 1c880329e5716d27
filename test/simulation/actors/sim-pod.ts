// A relay pod: the real core between simulated sockets, bus and presence.
import { uuidFrom } from '@hermit/protocol';
import { redisNames } from '../../../services/relay/src/redis/redis-names.ts';
import { Pod } from '../../../services/relay/src/relay/pod.ts';
import { Wire } from '../world/network.ts';
import { SimBus, type SimRedis } from '../world/sim-bus.ts';
import type { SimStore } from '../world/sim-store.ts';
import { Process, type World } from '../world/world.ts';

export class SimPod {
  readonly process: Process;
  pod!: Pod;
  bus!: SimBus;
  draining = false;
  wires = new Set<Wire>();
  /** Catch-up requests of its earlier lives. */
  private asked = 0;
  private readonly world: World;
  private readonly redis: SimRedis;
  private readonly store: SimStore;
  private lives = 0;

  constructor(world: World, redis: SimRedis, store: SimStore, name: string) {
    this.world = world;
    this.redis = redis;
    this.store = store;
    this.process = new Process(world, name);
    this.start();
  }

  start(): void {
    this.lives++;
    this.draining = false;
    const { world, process } = this;
    const id = `${process.name}.${this.lives}`;
    this.bus = new SimBus(this.redis, process);
    this.pod = new Pod({
      id,
      version: 'test',
      bus: this.bus,
      presence: this.store.of(process, this.bus),
      directory: this.store.directory(process),
      names: redisNames('h:'),
      clock: process.clock(),
      random: world.random,
      newId: () => uuidFrom(world.random32),
      log: (event, fields) => world.log(() => `${id} ${event} ${JSON.stringify(fields)}`),
    });
    this.pod.start();
  }

  get catchUps(): number {
    const { catchUpsGap, catchUpsCongestion, catchUpsTip } = this.pod.counters;
    return this.asked + (this.process.alive ? catchUpsGap + catchUpsCongestion + catchUpsTip : 0);
  }

  connect(dialler: Process, bandwidth: number): Wire {
    const wire = new Wire(this.world, this.process, dialler, bandwidth);
    this.wires.add(wire);
    return wire;
  }

  drain(): void {
    this.draining = true;
    this.pod.drain(1_000, () => {});
  }

  kill(): void {
    this.asked = this.catchUps;
    this.process.kill();
    this.bus.die();
    for (const wire of this.wires) wire.died(this.process);
    this.wires.clear();
  }

  revive(): void {
    if (this.process.alive) return;
    this.process.restart();
    this.start();
  }
}
