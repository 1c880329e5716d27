// The targets, as ratios between contestants of one run, or as plain limits.
import type { Figure } from './report/results.ts';

export interface Target {
  what: string;
  figure: Figure;
  /** What the figure is divided by; without it the figure itself is held to the limit. */
  over?: Figure;
  /** Whether the value must be at most or at least the limit. */
  is: 'at most' | 'at least';
  limit: number;
  unit: '×' | 'ms' | 'MB' | 'cores' | 'echoes';
  /** How far beyond the limit is still noise, as a share of it: the regression check fails only past that. */
  tolerance: number;
}

const SAME = 'hermit-same-pod';
const OTHER = 'hermit-other-pod';
const NO_SCREENS = 'hermit-no-screens';
const BARE_SAME = 'bare-same-pod';
const BARE = 'bare-relay';

/*
 * Tolerances. A median of rounds repeats within 10 %, a p99 of some hundred keystrokes within 25 %
 * on a shared machine; memory is counted in pages. What must not happen at all (a byte lost) has none.
 */
const OF_MEDIANS = 0.1;
const OF_TAILS = 0.25;
const OF_MEMORY = 0.15;

export const TARGETS: readonly Target[] = [
  // Echo: a relay with every feature costs a tenth more than one with none.
  ratioTo('echo p50, same pod', 'echo', 'p50', SAME, BARE_SAME, 'at most', 1.1, OF_MEDIANS),
  ratioTo('echo p99, same pod', 'echo', 'p99', SAME, BARE_SAME, 'at most', 1.5, OF_TAILS),
  ratioTo('echo p50, other pod', 'echo', 'p50', OTHER, BARE, 'at most', 1.1, OF_MEDIANS),
  ratioTo('echo p99, other pod', 'echo', 'p99', OTHER, BARE, 'at most', 1.5, OF_TAILS),
  // Small interactive frames overtake, and sessions share fairly.
  ratioTo('echo p95 while ten sessions flood', 'flood', 'p95', OTHER, BARE, 'at most', 0.5, OF_TAILS),
  plain('echoes lost while ten sessions flood', 'flood', 'lost', 0, 'echoes', 0),
  // Adaptive coalescing: fewer frames, fewer wake-ups.
  ratioTo(
    'output with screens kept, of that without',
    'throughput',
    'rate',
    SAME,
    NO_SCREENS,
    'at least',
    0.8,
    OF_MEDIANS,
  ),
  ratioTo('throughput to one viewer, other pod', 'throughput', 'rate', OTHER, BARE, 'at least', 1.5, OF_MEDIANS),
  // The bare relay can carry what the kernel gives through one PTY: then nothing carries half as much again.
  ratioTo(
    'throughput to one viewer, of a PTY without a relay',
    'throughput',
    'rate',
    OTHER,
    'plain-pty',
    'at least',
    0.6,
    OF_MEDIANS,
  ),
  {
    what: 'CPU of pods and Redis per MB, other pod (over the bare relay at 16 KiB frames)',
    figure: { scenario: 'throughput', contestant: OTHER, metric: 'server CPU' },
    over: { scenario: 'feed', contestant: BARE, metric: 'server CPU' },
    is: 'at most',
    limit: 1.25,
    unit: '×',
    tolerance: OF_MEDIANS,
  },
  ratioTo('agent CPU per MB, emulator apart', 'throughput', 'agent CPU', OTHER, BARE, 'at most', 1.25, OF_MEDIANS),
  ratioTo('total rate to 50 viewers, other pod', 'fan-out', 'to 50', OTHER, BARE, 'at least', 0.9, OF_MEDIANS),
  ratioTo('memory per idle agent', 'footprint', 'per idle agent', OTHER, BARE, 'at most', 1.5, OF_MEMORY),
  ratioTo('memory per attached session', 'footprint', 'per attached session', OTHER, BARE, 'at most', 1.5, OF_MEMORY),
  // Nothing is lost, and a stall is over when it is over.
  ...['stall-pod', 'stall-redis'].flatMap((scenario) =>
    ['viewer', 'agent'].flatMap((side) => [
      plain(`${scenario}, ${side}'s pod: bytes lost`, scenario, `${side}'s pod: lost`, 0, 'MB', 0),
      plain(`${scenario}, ${side}'s pod: flows again`, scenario, `${side}'s pod: flows after`, 1_000, 'ms', OF_TAILS),
    ]),
  ),
  // A thousand agents after kill -9 of their pod.
  plain('agents back after kill -9 of their pod', 'storm', 'all back', 5_000, 'ms', OF_MEDIANS),
  plain('busiest pod meanwhile', 'storm', 'busiest pod', 1, 'cores', OF_MEDIANS),
];

function ratioTo(
  what: string,
  scenario: string,
  metric: string,
  contestant: string,
  floor: string,
  is: Target['is'],
  limit: number,
  tolerance: number,
): Target {
  const figure = { scenario, contestant, metric };
  return { what, figure, over: { scenario, contestant: floor, metric }, is, limit, unit: '×', tolerance };
}

function plain(
  what: string,
  scenario: string,
  metric: string,
  limit: number,
  unit: Target['unit'],
  tolerance: number,
): Target {
  return { what, figure: { scenario, contestant: OTHER, metric }, is: 'at most', limit, unit, tolerance };
}
