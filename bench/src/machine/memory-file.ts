// Where a measured Node process writes how much of its memory is in use.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function memoryReportFile(pid: number): string {
  return join(tmpdir(), `hermit-bench-memory-${pid}`);
}
