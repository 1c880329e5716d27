// Where a measured Node process writes how much of its memory is in use.
import { join } from 'node:path';

/** The environment variable that tells a process where. */
export const MEMORY_DIRECTORY = 'BENCH_MEMORY_DIRECTORY';

export function memoryReportFile(directory: string, pid: number): string {
  return join(directory, `memory-${pid}`);
}
