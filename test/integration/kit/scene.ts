// What every fault meets: an agent at pod 0, and at pods 0 and 1 a stream viewer who types, each with a talker of its own.
import { expect } from 'vitest';
import type { Cluster, Machine } from './cluster.ts';
import type { HermitProcess } from './hermit-process.ts';
import type { NetworkPath } from './network-path.ts';
import { preload } from './programs.ts';
import { Talk } from './talk.ts';
import type { Person, TestViewer } from './viewer.ts';
import { until } from './wait.ts';

const LINES = 4_000;
const PER_SECOND = 2_500;
const LINE = 53;
/** Generous, for machines that are busy; milliseconds. */
export const DEADLINE = 30_000;

/** For NODE_OPTIONS: sockets that fall silent, and subscriptions that do, are found within seconds. */
export const SHORT_LIVES = preload('short-lives');
export const SHORT_PROBES = preload('short-probes');

type Watch = { place: string; client: NetworkPath; person: Person; talk: Talk; viewer: TestViewer };

export class Scene {
  readonly cluster: Cluster;
  readonly machine: Machine;
  readonly agent: NetworkPath;
  readonly agentProcess: HermitProcess;
  readonly same: Watch;
  readonly other: Watch;

  private constructor(
    parts: Pick<Scene, 'cluster' | 'machine' | 'agent' | 'agentProcess'>,
    [same, other]: [Watch, Watch],
  ) {
    this.cluster = parts.cluster;
    this.machine = parts.machine;
    this.agent = parts.agent;
    this.agentProcess = parts.agentProcess;
    this.same = same;
    this.other = other;
  }

  /** Resolves when both talkers are well under way. */
  static async start(
    cluster: Cluster,
    name: string,
    options: { lines?: number; agentEnv?: Record<string, string> } = {},
  ): Promise<Scene> {
    const { lines = LINES, agentEnv = {} } = options;
    await Promise.all(cluster.pods.map((pod) => (pod.process.ended ? pod.restart() : undefined)));
    const machine = await cluster.addMachine(name);
    const agent = await cluster.path([0]);
    const agentProcess = await cluster.startAgent(agent.url, machine, agentEnv);
    const watch = async (place: string, pod: number): Promise<Watch> => {
      const client = await cluster.path([pod]);
      const person = cluster.person(client.url);
      const talk = await Talk.start(person, machine.id, lines, PER_SECOND);
      const viewer = person.look(machine.id, talk.session.id, { mode: 'stream' });
      await viewer.sees('00000200 ');
      talk.type(viewer, 'before ');
      return { place, client, person, talk, viewer };
    };
    const watches = await Promise.all([watch('same pod', 0), watch('other pod', 1)]);
    return new Scene({ cluster, machine, agent, agentProcess }, watches);
  }

  get both(): [Watch, Watch] {
    return [this.same, this.other];
  }

  say(text: string): void {
    for (const { talk, viewer } of this.both) talk.type(viewer, text);
  }

  mark(): void {
    for (const { viewer } of this.both) viewer.mark();
  }

  /** More than so many bytes arrive at both (or at those named), or all there are. */
  async goesOn(bytes = 5_000, watches: readonly Watch[] = this.both): Promise<void> {
    await Promise.all(
      watches.map(({ place, talk, viewer }) => {
        const at = viewer.bytes;
        const arrived = () => viewer.bytes > at + bytes || viewer.bytes > talk.lines * LINE;
        return until(`output goes on, ${place}`, arrived, DEADLINE);
      }),
    );
  }

  /** Every byte and every keystroke has arrived once and in order. */
  async finish(): Promise<void> {
    this.say('after');
    for (const { talk, viewer } of this.both) talk.finish(viewer);
    await Promise.all(this.both.map(({ talk, viewer }) => talk.complete(viewer)));
    for (const { person } of this.both) await person[Symbol.asyncDispose]();
    this.agentProcess.kill('SIGTERM');
    await this.agentProcess.end();
  }
}

export const reconnected = ({ person }: Watch) => person.states.filter((state) => state === 'reconnecting');

/** Nobody had to begin anew, and nobody lost a connection. */
export function unmoved(watch: Watch): void {
  expect(reconnected(watch), watch.place).toEqual([]);
  expect(watch.viewer.attachment.reattached, watch.place).toBe(0);
}
