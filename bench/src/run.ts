// Plays every scenario with every contestant that can: rounds in turn, so that drift of the machine hits all alike.
import {
  type Ability,
  type Contestant,
  missing,
  NO_WISHES,
  type Running,
  type Wishes,
} from './contestants/contestant.ts';
import type { Processes } from './machine/processes.ts';
import { Stage } from './machine/stage.ts';
import { type Corpus, writeCorpus } from './programs/corpus.ts';
import type { Progress } from './report/progress.ts';
import type { ContestantResult, RoundResult, ScenarioResult } from './report/results.ts';
import { Attendance, MIB, type Scenario } from './scenarios/scenario.ts';

/** Programs print it repeatedly; small enough to stay in the page cache, larger than any window. */
const CORPUS_BYTES = 8 * MIB;

interface Plan {
  scenarios: readonly Scenario[];
  contestants: readonly Contestant[];
  quick: boolean;
  seed: number;
  /** Counted rounds of every scenario, instead of its own number. */
  rounds?: number;
}

interface Playing {
  stage: Stage;
  running: Running;
}

export async function run(plan: Plan, processes: Processes, progress: Progress): Promise<ScenarioResult[]> {
  const house = new House(processes);
  try {
    const corpus = await writeCorpus(processes.directory, 'corpus', CORPUS_BYTES, plan.seed);
    const results: ScenarioResult[] = [];
    for (const scenario of plan.scenarios) results.push(await play(scenario, plan, house, corpus, progress));
    return results;
  } finally {
    await house.close();
  }
}

async function play(
  scenario: Scenario,
  plan: Plan,
  house: House,
  corpus: Corpus,
  progress: Progress,
): Promise<ScenarioResult> {
  const floors = scenario.floors?.(plan.quick) ?? true;
  const needs: readonly Ability[] =
    plan.quick && scenario.quickWithTwoPods ? [...scenario.needs, 'redis'] : scenario.needs;
  const able = plan.contestants.filter(
    (contestant) => missing(contestant, needs).length === 0 && (floors || contestant.underTest),
  );
  const results = able.map(({ name, what, floor, underTest, insideLoad = false }): ContestantResult => {
    return { contestant: name, what, floor, underTest, insideLoad, rounds: [] };
  });
  const { warmUp, counted: usual } = scenario.rounds(plan.quick);
  const counted = plan.rounds ?? usual;
  const wishes: Wishes = { ...NO_WISHES, ...scenario.wishes?.(plan.quick) };
  for (let round = warmUp ? 0 : 1; round <= counted; round++) {
    // Each round begins with another contestant.
    const order = able.map((_, index) => (index + round) % able.length);
    for (const index of order) {
      const contestant = able[index];
      if (!contestant || (plan.quick && round > 1 && isForScale(contestant))) continue;
      progress.step(
        `${scenario.name}: ${contestant.name}, ${round === 0 ? 'warm-up' : `round ${round} of ${counted}`}`,
      );
      const measured = await measure({ scenario, contestant, wishes, plan, house, corpus, round });
      if (round > 0) results[index]?.rounds.push(measured);
    }
  }
  return { scenario: scenario.name, what: scenario.what, metrics: scenario.metrics(plan.quick), contestants: results };
}

/** Compared with nothing below it: in a quick run it plays once, for scale. */
const isForScale = ({ floor, underTest }: Contestant): boolean => floor === undefined && !underTest;

interface Turn {
  scenario: Scenario;
  contestant: Contestant;
  wishes: Wishes;
  plan: Plan;
  house: House;
  corpus: Corpus;
  /** 0 is the warm-up. */
  round: number;
}

/** One measurement; whatever goes wrong in it is a fault of its round and not the end of the run. */
async function measure({ scenario, contestant, wishes, plan, house, corpus, round }: Turn): Promise<RoundResult> {
  const attendance = new Attendance();
  try {
    const { stage, running } = await house.enter(contestant, wishes, scenario.fresh ?? false);
    const { quick, seed } = plan;
    const act = { contestant, running, stage, corpus, quick, warmUp: round === 0, seed: seed + round, attendance };
    const { metrics, faults } = await scenario.measure(act);
    if (scenario.spoils) await house.leave(contestant, wishes);
    return { metrics, faults, load: attendance.worst };
  } catch (error) {
    await house.leave(contestant, wishes);
    const why = error instanceof Error ? error.message : String(error);
    return { metrics: {}, faults: [`it did not finish: ${why.split('\n', 1)[0]}`], load: attendance.worst };
  }
}

/** Keeps contestants on their stages between scenarios with the same wishes. */
class House {
  private readonly processes: Processes;
  private readonly playing = new Map<string, Playing>();

  constructor(processes: Processes) {
    this.processes = processes;
  }

  async enter(contestant: Contestant, wishes: Wishes, fresh: boolean): Promise<Playing> {
    if (fresh) await this.leave(contestant, wishes);
    const known = this.playing.get(key(contestant, wishes));
    if (known) return known;
    const stage = await Stage.open(this.processes, contestant.name);
    try {
      const started = { stage, running: await contestant.start(stage, wishes) };
      this.playing.set(key(contestant, wishes), started);
      return started;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  async leave(contestant: Contestant, wishes: Wishes): Promise<void> {
    const known = this.playing.get(key(contestant, wishes));
    this.playing.delete(key(contestant, wishes));
    await known?.stage.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.playing.values()].map(({ stage }) => stage.close()));
    this.playing.clear();
  }
}

function key(contestant: Contestant, wishes: Wishes): string {
  return `${contestant.name} ${JSON.stringify(wishes)}`;
}
