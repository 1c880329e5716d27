// What operators install: parts that run one after the other, as they share the machine, and the last one a cluster.
import { join } from 'node:path';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..', '..');
const source = '@hermit/source';
const conditions = [source, ...defaultServerConditions];

export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [source] } },
  test: {
    pool: 'forks',
    maxWorkers: 1,
    execArgv: [`--conditions=${source}`],
    exclude: ['**/node_modules/**'],
    projects: [
      {
        extends: true,
        test: { name: 'packages', include: ['test/kubernetes/packages/*.test.ts'], testTimeout: 300_000 },
      },
      { extends: true, test: { name: 'chart', include: ['test/kubernetes/chart/*.test.ts'], testTimeout: 60_000 } },
      {
        extends: true,
        // One story, told in order: what a step leaves behind is what the next one starts from.
        test: {
          name: 'cluster',
          include: ['test/kubernetes/cluster/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
