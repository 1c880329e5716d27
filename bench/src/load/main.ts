// A load process: takes one order at a time, and says with each answer how busy it was.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { answerOrders } from '../machine/answers.ts';
import { crowd } from './crowd.ts';
import { feeder } from './feeder.ts';
import { floods } from './floods.ts';
import { lightAgents } from './light-agents.ts';
import type { LoadHealth, LoadOrder, LoadOrders } from './orders.ts';
import { paintTimes } from './painter.ts';
import { type } from './typist.ts';
import { watch } from './watch.ts';

type Handlers = { [K in keyof LoadOrders]: (order: LoadOrders[K]['order']) => Promise<LoadOrders[K]['result']> };

const handlers: Handlers = {
  type,
  'flood-start': floods.start,
  'flood-stop': floods.stop,
  'watch-open': watch.open,
  'watch-run': watch.run,
  'watch-close': watch.close,
  'feed-open': feeder.open,
  'feed-run': feeder.run,
  'feed-close': feeder.close,
  'idle-open': crowd.open,
  'idle-close': crowd.close,
  'agents-open': lightAgents.open,
  'agents-back': lightAgents.back,
  'agents-close': lightAgents.close,
  paint: paintTimes,
};

async function attended<T>(work: Promise<T>): Promise<{ result: T; health: LoadHealth }> {
  const lag = monitorEventLoopDelay({ resolution: 10 });
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  lag.enable();
  const result = await work;
  lag.disable();
  const used = process.cpuUsage(cpu);
  const elapsedMs = Math.max(1, performance.now() - startedAt);
  return {
    result,
    health: {
      cpuShare: (used.user + used.system) / 1000 / elapsedMs,
      loopShare: performance.eventLoopUtilization(loop).utilization,
      // The histogram holds the whole interval; what is late is what exceeds the resolution.
      lagP99Ms: Math.max(0, lag.percentile(99) / 1e6 - 10),
    },
  };
}

answerOrders({}, (order: LoadOrder) => attended((handlers[order.do] as (order: LoadOrder) => Promise<unknown>)(order)));
