// Every scenario, in the order in which they are played.
import { attach } from './attach.ts';
import { crowd } from './crowd.ts';
import { echo } from './echo.ts';
import { fanOut } from './fan-out.ts';
import { flood } from './flood.ts';
import { footprint } from './footprint.ts';
import type { Scenario } from './scenario.ts';
import { stallPod, stallRedis } from './stall.ts';
import { storm } from './storm.ts';
import { feed, throughput } from './throughput.ts';

export const SCENARIOS: readonly Scenario[] = [
  echo,
  throughput,
  feed,
  fanOut,
  attach,
  crowd,
  flood,
  footprint,
  storm,
  stallPod,
  stallRedis,
];
