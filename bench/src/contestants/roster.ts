// Every contestant, floors first, in the order in which they are shown.
import { bareRelay, bareSamePod } from './bare.ts';
import type { Contestant } from './contestant.ts';
import { hermitNoScreens, hermitOtherPod, hermitSamePod } from './hermit.ts';
import { plainPty } from './plain-pty.ts';
import { redisHop } from './redis-hop.ts';
import { wsEcho } from './ws-echo.ts';

export const CONTESTANTS: readonly Contestant[] = [
  plainPty,
  wsEcho,
  redisHop,
  bareSamePod,
  bareRelay,
  hermitSamePod,
  hermitNoScreens,
  hermitOtherPod,
];
