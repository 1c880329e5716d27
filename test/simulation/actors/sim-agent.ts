// An agent: the real core between a simulated socket and simulated programs.
import { uuidFrom } from '@hermit/protocol';
import type { Dial } from '@hermit/transport';
import { type Agent, createAgent } from '../../../services/agent/src/agent.ts';
import type { LinkState } from '../../../services/agent/src/link/link.ts';
import { NAME } from '../world/sim-store.ts';
import { Process, type World } from '../world/world.ts';
import { SimScreen, SimTerminal } from './sim-terminal.ts';
import { SessionTruth } from './truth.ts';

export class SimAgent {
  readonly process: Process;
  agent!: Agent;
  state: LinkState = { state: 'connecting' };
  readonly truths = new Map<string, SessionTruth>();
  /** How often each create_session was carried out. */
  readonly started = new Map<string, number>();
  private readonly world: World;
  private readonly dial: (agent: SimAgent) => Dial;

  constructor(world: World, dial: (agent: SimAgent) => Dial) {
    this.world = world;
    this.dial = dial;
    this.process = new Process(world, 'agent');
  }

  boot(outputs: readonly number[]): void {
    const { world, process } = this;
    for (const truth of this.truths.values()) truth.gone = true;
    let salt = world.int(1, 1_000);
    let output: number | null = null;
    let made: SessionTruth | null = null;
    this.agent = createAgent({
      url: 'agent',
      machineName: NAME,
      token: 'agent',
      instanceId: uuidFrom(world.random32),
      agentVersion: 'test',
      dial: this.dial(this),
      clock: process.clock(),
      random: world.random,
      defer: (run) => world.at(0, () => process.deliver(process.life, run)),
      onState: (state) => {
        this.state = state;
        world.log(() => `agent ${JSON.stringify(state)}`);
      },
      newId: () => uuidFrom(world.random32),
      spawn: ({ args, size, env }) => {
        const id = env.HERMIT_SESSION as string;
        const [name] = args;
        if (name) this.started.set(name, (this.started.get(name) ?? 0) + 1);
        made = new SessionTruth(id, salt++, size);
        this.truths.set(id, made);
        return new SimTerminal(world, process, made, output ?? 0);
      },
      createScreen: (size) => new SimScreen(world, process, size),
      defaults: { command: 'program', args: [], cwd: '/', env: {}, size: { cols: 80, rows: 24 } },
      history: world.int(400, 1_400),
      historyBehind: world.int(1_000, 3_000),
    });
    for (const bytes of outputs) {
      output = bytes;
      this.agent.sessions.message({
        type: 'start_session',
        requestId: uuidFrom(world.random32),
        pod: 'none',
        userId: uuidFrom(world.random32),
      });
    }
    output = null;
    this.agent.link.start();
  }

  restart(outputs: readonly number[]): void {
    this.process.kill();
    this.process.restart();
    this.boot(outputs);
  }
}
