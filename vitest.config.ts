// The test projects: unit beside the sources, contract on every adapter, integration and simulation under test/.
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import LongFirst from './scripts/test/long-first.ts';

if (Number(process.versions.node.split('.')[0]) < 24) {
  throw new Error(
    `The tests run under Node 24, this is ${process.version}: use "npm test" or "npx vitest", which find the pinned one.`,
  );
}

// Workspace packages resolve to their TypeScript sources, in Vite's graph and in what Node loads by itself.
const source = '@hermit/source';
// Not `module`: Node itself loads what is in node_modules, and builds for bundlers are not for it.
const conditions = [source, ...defaultServerConditions.filter((condition) => condition !== 'module')];
const resolution = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [source] } },
};
const exclude = ['**/node_modules/**', '**/dist/**'];
const programs = './test/integration/kit/programs.ts';
const servers = ['./test/services/global-setup.ts'];

export default defineConfig({
  ...resolution,
  test: {
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    execArgv: [`--conditions=${source}`],
    projects: [
      {
        extends: true,
        test: { name: 'architecture', include: ['test/architecture.test.ts'], sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{packages,services}/*/src/**/*.test.{ts,tsx}',
            'bench/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/*.test.ts',
          ],
          exclude: [...exclude, '**/*.contract.test.ts', 'test/architecture.test.ts'],
          testTimeout: 20_000,
          // They start nothing and share nothing: one load of the sources for each worker.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['{packages,services}/*/src/**/*.contract.test.ts', 'test/services/**/*.contract.test.ts'],
          exclude,
          globalSetup: servers,
          // They wait for others half of the time, as those of integration do.
          maxWorkers: 4,
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 150_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude,
          globalSetup: [...servers, programs],
          maxWorkers: 4,
          // What a file changes for its process it puts back: loading the sources anew for each costs more than most of them.
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 150_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          exclude,
          globalSetup: [...servers, programs, './test/web/kit/build.ts', './test/web/kit/chromium.ts'],
          testTimeout: 120_000,
          hookTimeout: 150_000,
          // A browser and two pods are enough for two cores.
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          exclude,
          // A soak (HERMIT_SOAK=1) runs the same files over far more schedules.
          testTimeout: process.env.HERMIT_SOAK ? 6 * 3_600_000 : 60_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
