// Loaded first into every measured Node process: SIGUSR2 collects garbage and writes down what is still in use.
import { renameSync, writeFileSync } from 'node:fs';
import { MEMORY_DIRECTORY, memoryReportFile } from './memory-file.ts';

const directory = process.env[MEMORY_DIRECTORY] ?? '';

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const file = memoryReportFile(directory, process.pid);
  writeFileSync(`${file}.new`, String(heapUsed + external));
  // Whoever reads it never sees half of it.
  renameSync(`${file}.new`, file);
});
