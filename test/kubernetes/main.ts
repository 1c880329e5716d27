// The run of `npm run test:kubernetes`: which parts can be run here, their order, the cluster's life, the closing line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideCluster } from './kit/cluster.ts';
import { extendPath, isOnPath, root } from './kit/tools.ts';

const PARTS = ['packages', 'chart', 'cluster'] as const;
type Part = (typeof PARTS)[number];
type Outcome = { part: Part; passed: number; failed: number; notRun?: string };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    update: { type: 'boolean', short: 'u', default: false },
    require: { type: 'boolean', default: false },
  },
});
const strange = positionals.filter((name) => !(PARTS as readonly string[]).includes(name));
if (strange.length > 0) {
  console.error(`There is no part ${strange.join(', ')}; there are ${PARTS.join(', ')}. See --help.`);
  process.exit(2);
}
const chosen = PARTS.filter((part) => positionals.length === 0 || positionals.includes(part));

extendPath();
const outcomes: Outcome[] = [];
for (const part of chosen) outcomes.push(await runPart(part));

console.log('');
for (const { part, passed, failed, notRun } of outcomes) {
  console.log(
    `${part.padEnd(10)}${notRun === undefined ? `${passed} passed, ${failed} failed` : `NOT RUN: ${notRun}`}`,
  );
}
const failed = outcomes.reduce((sum, o) => sum + o.failed + (o.notRun !== undefined && options.require ? 1 : 0), 0);
console.log(`${outcomes.reduce((sum, o) => sum + o.passed, 0)} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function runPart(part: Part): Promise<Outcome> {
  const none = { part, passed: 0, failed: 0 };
  if (part === 'packages') return vitest(part);
  const missing = ['helm', 'kubectl'].filter((program) => !isOnPath(program));
  if (missing.length > 0) return { ...none, notRun: `${missing.join(' and ')} cannot be found: install them` };
  if (part === 'chart') return vitest(part);
  const cluster = await provideCluster();
  if ('notRun' in cluster) return { ...none, notRun: cluster.notRun };
  try {
    return await vitest(part, cluster.env);
  } finally {
    await cluster.leave();
  }
}

async function vitest(part: Part, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  console.log(`\n── ${part}`);
  const directory = mkdtempSync(join(tmpdir(), 'hermit-kubernetes-'));
  const report = join(directory, 'report.json');
  const args = ['run', '--config', 'test/kubernetes/vitest.config.ts', '--project', part];
  args.push('--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`);
  // One story: after a step that failed the next ones would only repeat it.
  if (part === 'cluster') args.push('--bail=1');
  if (options.update) args.push('--update');
  try {
    const child = spawn(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
    const [code] = (await once(child, 'close')) as [number | null];
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    const passed = numPassedTests ?? 0;
    // A file that could not be read, or a hook that failed, is a failure of no test.
    return { part, passed, failed: Math.max(numFailedTests ?? 0, code === 0 && passed > 0 ? 0 : 1) };
  } catch {
    return { part, passed: 0, failed: 1 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
