// How busy a load process is: whether it was the load generator that limited a figure.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { LoadHealth } from './orders.ts';

const RESOLUTION_MS = 10;

/** Starts to watch this process; the returned function stops and says what it saw. */
export function watchHealth(): () => LoadHealth {
  const lag = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  lag.enable();
  return () => {
    lag.disable();
    const used = process.cpuUsage(cpu);
    const elapsedMs = Math.max(1, performance.now() - startedAt);
    return {
      cpuShare: (used.user + used.system) / 1000 / elapsedMs,
      loopShare: performance.eventLoopUtilization(loop).utilization,
      // The histogram holds the whole interval; what is late is what exceeds the resolution.
      lagP99Ms: Math.max(0, lag.percentile(99) / 1e6 - RESOLUTION_MS),
      elapsedMs,
    };
  };
}
