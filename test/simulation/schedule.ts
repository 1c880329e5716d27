// One seed is one schedule: who takes part, and which faults happen when.
import { seeded } from '@hermit/transport';

const FAULTS = [
  'drop',
  'drop',
  'dropBurst',
  'cutSubscriber',
  'cutPublisher',
  'redis',
  'kill',
  'stop',
  'stop',
  'clientCut',
  'clientCut',
  'clientReset',
  'agentCut',
  'agentReset',
  'agentOffline',
  'lateRegister',
  'clientOffline',
  'stuck',
  'flap',
  'drain',
  'drain',
  'agentRestart',
  'leave',
] as const;
type FaultKind = (typeof FAULTS)[number];
/** `a` and `b` choose whom it hits and how long it lasts: from 0 to 1. */
export type Fault = { at: number; kind: FaultKind; a: number; b: number };

/** Seed mod 10: 0 is calm, 1 and 2 have drains only, the others any faults until END_OF_FAULTS. */
type Kind = 'calm' | 'drain' | 'faults';
export type Schedule = { seed: number; kind: Kind; faults: Fault[] };

/** Milliseconds of virtual time. */
const END_OF_FAULTS = 10_000;
export const HEALED = 16_200;
export const DEADLINE = 60_000;

export function scheduleOf(seed: number): Schedule {
  const random = seeded(seed ^ 0x5eed);
  const int = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const kind: Kind = seed % 10 === 0 ? 'calm' : seed % 10 < 3 ? 'drain' : 'faults';
  const faults: Fault[] = [];
  if (kind === 'drain') {
    let at = int(300, 2_000);
    for (let i = int(1, 3); i > 0; i--) {
      faults.push({ at, kind: 'drain', a: random(), b: 0.5 });
      at += int(4_000, 6_000);
    }
  }
  if (kind === 'faults') {
    for (let i = int(1, 9); i > 0; i--) {
      const fault = FAULTS[int(0, FAULTS.length - 1)] as FaultKind;
      if ((fault === 'agentRestart' || fault === 'leave') && random() >= 0.3) continue;
      const last = faults[faults.length - 1];
      // Trouble comes in clusters.
      const at = last && random() < 0.3 ? Math.min(END_OF_FAULTS, last.at + int(0, 250)) : int(0, END_OF_FAULTS);
      faults.push({ at, kind: fault, a: random(), b: random() });
    }
  }
  faults.sort((x, y) => x.at - y.at);
  return { seed, kind, faults };
}

export function describe(schedule: Schedule): string {
  const faults = schedule.faults.map((f) => `${f.kind}@${f.at}`).join(' ');
  return `seed ${schedule.seed}, ${schedule.kind}${faults ? `: ${faults}` : ''}`;
}
