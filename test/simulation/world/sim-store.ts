// What pods ask of Redis keys and of Postgres: the real memory adapter of presence behind a delay, and a directory that
// knows one user with one machine.
import { HermitError } from '@hermit/protocol';
import type { Claim, Presence } from '../../../services/relay/src/presence/presence.ts';
import { MemoryPresence } from '../../../services/relay/src/presence/presence-memory.ts';
import type { Directory } from '../../../services/relay/src/relay/directory.ts';
import type { SimBus } from './sim-bus.ts';
import { Process, type World } from './world.ts';

const USER = 'aaaaaaaa-0000-4000-8000-000000000001';
export const MACHINE = 'bbbbbbbb-0000-4000-8000-000000000001';
export const NAME = 'box';

export class SimStore {
  readonly world: World;
  private readonly server: Process;
  private presence: MemoryPresence;

  constructor(world: World) {
    this.world = world;
    this.server = new Process(world, 'redis');
    this.presence = this.fresh();
  }

  private fresh(): MemoryPresence {
    return new MemoryPresence({ clock: this.server.clock(), defer: (run) => this.world.at(0, run) });
  }

  /** A restart without persistence, or a failover to a replica that lags. */
  wipe(): void {
    this.presence = this.fresh();
  }

  /** Who holds the machine, as a dashboard reads it. */
  owner(): { pod: string; epoch: number } | null {
    const found = this.presence.presenceOf(MACHINE);
    return found ? { pod: found.pod, epoch: found.epoch } : null;
  }

  /** Presence as one pod sees it: later, and only while Redis answers it. */
  of(process: Process, bus: SimBus): Presence {
    const { world } = this;
    const { life } = process;
    const back = (run: () => void) => world.at(world.int(1, 5), () => process.deliver(life, run));
    const reach = (run: (store: MemoryPresence) => void, unavailable: (() => void) | null): void => {
      world.at(world.int(1, 5), () => {
        if (process.life !== life) return;
        if (bus.publishing) run(this.presence);
        else if (unavailable) back(unavailable);
      });
    };
    return {
      claim(claim: Claim, done) {
        reach(
          (store) => store.claim(claim, (r) => back(() => done(r))),
          () => done({ result: 'unavailable' }),
        );
      },
      renew(claim, done) {
        reach(
          (store) => store.renew(claim, (r) => back(() => done(r))),
          () => done({ result: 'unavailable' }),
        );
      },
      describe: (claim, activity) => reach((store) => store.describe(claim, activity), null),
      release: (machineId, epoch) => reach((store) => store.release(machineId, epoch), null),
      pod: (pod) => reach((store) => store.pod(pod), null),
      removePod: (id) => reach((store) => store.removePod(id), null),
      machines: (ids) => this.presence.machines(ids),
      sessions: (id) => this.presence.sessions(id),
      attachments: (id) => this.presence.attachments(id),
      pods: () => this.presence.pods(),
      close: async () => {},
    };
  }

  directory(process: Process): Directory {
    const { world } = this;
    const { life } = process;
    const back = (run: () => void) => world.at(world.int(1, 4), () => process.deliver(life, run));
    return {
      client: (token, done) =>
        back(() =>
          done(
            token === 'client'
              ? { userId: USER, email: 'u@example.org', loginId: null, expiresAt: 1_700_000_000_000 + 3_600_000 }
              : new HermitError('INVALID_TOKEN'),
          ),
        ),
      still: (_who, done) => back(() => done(null)),
      agent: (_token, _name, done) => back(() => done({ machineId: MACHINE, userId: USER, name: NAME })),
      machines: (_userId, done) => back(() => done([])),
      role: (_userId, _machineId, _sessionId, done) => back(() => done('owner')),
      online: (machineIds, done) => back(() => done(new Set(this.owner() === null ? [] : machineIds))),
      seen() {},
    };
  }
}
