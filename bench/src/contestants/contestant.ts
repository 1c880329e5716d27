// What a contestant is: something that is started on a stage and carries bytes between a program and its viewers.
import type { DriverAt } from '../load/driver.ts';
import type { Child } from '../machine/processes.ts';
import type { PodSide, Stage } from '../machine/stage.ts';
import type { Part } from '../machine/usage.ts';

/**
 * What a contestant can do; a scenario names what it needs.
 *
 * - `echo`: what a viewer writes comes back to it.
 * - `print`: `open` runs a program that prints in a PTY of 80 columns and 24 rows.
 * - `program`: any program there, and whatever scenarios are made of it.
 * - `share`: a second viewer can `attach` to a session that another one opened.
 * - `pods`: it has pods, whose use of the machine is counted and which can be stopped.
 * - `light-agents`: it comes with light agents, which register and stay idle.
 * - `feed`: its light agents print frames directly, without a PTY.
 * - `come-back`: its light agents find another pod by themselves when theirs dies.
 * - `redis`: it has two pods, one for the agent and one for viewers, which meet in Redis.
 */
export type Ability = 'echo' | 'print' | 'program' | 'share' | 'pods' | 'light-agents' | 'feed' | 'come-back' | 'redis';

/** What a scenario wants to be prepared at the start. Contestants with equal wishes are shared between scenarios. */
export interface Wishes {
  /** How many light agents may register at once (so that accounts and tokens can be made). */
  lightAgents: number;
  /** Whether the pods reach Redis through proxies that can be frozen. */
  freezable: boolean;
}

export const NO_WISHES: Wishes = { lightAgents: 1, freezable: false };

export interface Contestant {
  /** Stable: the key in JSON, targets and on the command line. */
  readonly name: string;
  /** One sentence for people. */
  readonly what: string;
  readonly abilities: ReadonlySet<Ability>;
  /** The contestant whose figures this one's are divided by in the report. */
  readonly floor?: string;
  /** Hermit's contestants are held to the targets; a fault of a floor is only shown. */
  readonly underTest: boolean;
  /** Whether it runs inside the load process, which is then busy with the contestant itself. */
  readonly insideLoad?: boolean;
  /** Resolves when viewers can be connected; every process is started through the stage, which ends it. */
  start(stage: Stage, wishes: Wishes): Promise<Running>;
}

/** A started contestant. Its processes end with the stage. */
export interface Running {
  /**
   * The processes whose CPU and memory are counted. Roles have meaning: `pod-agent` (the pod that
   * the agent dialled) and `pod-viewer` (the viewers'; absent when it is the same), `agent`, `redis`.
   */
  readonly parts: readonly Part[];
  readonly viewers: DriverAt;
  readonly lightAgents?: DriverAt;
  /** The same agents, preferring the other pod. */
  readonly lightAgentsElsewhere?: DriverAt;
  /** The pods' processes, to be stopped, resumed and killed. On one pod both names mean the same. */
  readonly pods?: Readonly<Record<PodSide, Child>>;
  /** How many machines are online by what presence says, read as a dashboard would. */
  online?(): Promise<number>;
  /** CPU seconds that the agent has spent in its terminal emulator so far; set apart in the report. */
  emulatorCpuSeconds?(): Promise<number>;
}

/** The abilities that a contestant lacks for a scenario; empty when it can take part. */
export function missing(contestant: Contestant, needs: readonly Ability[]): Ability[] {
  return needs.filter((need) => !contestant.abilities.has(need));
}
