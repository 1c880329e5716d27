// What a pod is made of: chosen by its assembly, and handed on to whatever works inside of it.
import type { Clock, Random } from '@hermit/transport';
import type { Bus } from '../bus/bus.ts';
import type { Presence } from '../presence/presence.ts';
import type { RedisNames } from '../redis/redis-names.ts';
import type { Log } from '../telemetry/events.ts';
import type { Counters } from './counters.ts';
import type { Directory } from './directory.ts';
import type { PodObserver } from './observer.ts';

export type PodParts = {
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
  readonly observer?: PodObserver;
};

/** The same as its inside sees it. Each part names, in an interface of its own, which of it it needs, and what else. */
export type Surroundings = Required<PodParts> & { readonly counters: Counters };
