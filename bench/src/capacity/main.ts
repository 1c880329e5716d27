// Prints the tables of docs/capacity.md: node --conditions=@hermit/source bench/src/capacity/main.ts [SEED]
import { seeded } from '@hermit/transport';
import { type Fleet, fleetOf } from './fleet.ts';
import { type Reconnects, reconnect } from './reconnects.ts';

const FLEETS = [1_000, 100_000, 1_000_000];
/** A leaving pod asks its agents to move within this time, milliseconds (DRAIN_SECONDS), of which it uses 80 %. */
const DRAIN_MS = 20_000;
const SPREAD = 0.8;

const seed = Number(process.argv[2] ?? 7);
const random = seeded(seed);

function row(cells: (string | number)[]): string {
  return `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`;
}

function table(head: string[], rows: (string | number)[][]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

const rounded = (value: number) => (value >= 10 ? Math.round(value) : Math.round(value * 100) / 100);
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

const fleets = FLEETS.map(fleetOf);
const needs = (f: Fleet) => [
  f.machines,
  rounded(f.attached),
  f.podsByCpu,
  f.podsByMemory,
  f.pods,
  rounded(f.redisCommands),
  f.shards,
  rounded(f.fromAgents),
  rounded(f.withRedis),
];
const outcome = (of: string, f: Fleet, r: Reconnects) => [
  f.machines,
  of,
  r.agents,
  seconds(r.half),
  seconds(r.most),
  seconds(r.all),
  r.givenUp,
  seconds(r.busy),
];

const storms = fleets.flatMap((f) => {
  const share = Math.ceil(f.machines / f.pods);
  const drained = () => random() * DRAIN_MS * SPREAD;
  return [
    outcome('one pod is killed', f, reconnect(share, f.pods - 1, random)),
    outcome('every pod is killed', f, reconnect(f.machines, f.pods, random)),
    outcome('one pod of a deploy drains', f, reconnect(share, f.pods - 1, random, drained)),
  ];
});

process.stdout.write(
  `${table(
    [
      'machines',
      'attached',
      'pods by CPU',
      'by memory',
      'pods',
      'Redis commands/s',
      'shards',
      'Mbit/s in',
      'with Redis',
    ],
    fleets.map(needs),
  )}\n\n${table(
    ['machines', 'what happens', 'agents', 'half back', '99 %', 'all', 'given up', 'longest busy'],
    storms,
  )}\n`,
);
