// The run of `npm run test:kubernetes`: which parts can be run here, their order, the cluster's life, the closing line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cluster, provideCluster } from './kit/cluster.ts';
import { provideImages } from './kit/images.ts';
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

/** The whole run, milliseconds; what was started is stopped after it. */
const ALL_WITHIN = 18 * 60_000;
const IMAGES_WITHIN = 10 * 60_000;
const deadline = Date.now() + ALL_WITHIN;

extendPath();
const outcomes: Outcome[] = [];
// A cluster takes its time to come up, and the images to be built: meanwhile the other parts run.
const stage = chosen.includes('cluster') ? setStage() : undefined;
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

type Stage = Cluster & { trouble?: string };

/** What helm and kubectl are needed for cannot be run without them. */
function withoutTools(): string | undefined {
  const missing = ['helm', 'kubectl'].filter((program) => !isOnPath(program));
  return missing.length > 0 ? `${missing.join(' and ')} cannot be found: install them` : undefined;
}

/** A cluster with the images in it. No cluster is no fault of what is tested; images that cannot be built are one. */
async function setStage(): Promise<Stage | { notRun: string }> {
  const notRun = withoutTools();
  if (notRun !== undefined) return { notRun };
  const cluster = await provideCluster();
  if ('notRun' in cluster) return cluster;
  try {
    await provideImages(cluster.env, Math.min(IMAGES_WITHIN, deadline - Date.now()));
    return cluster;
  } catch (error) {
    return { ...cluster, trouble: error instanceof Error ? error.message : String(error) };
  }
}

async function runPart(part: Part): Promise<Outcome> {
  const none = { part, passed: 0, failed: 0 };
  if (part === 'packages') return vitest(part);
  if (part === 'chart') {
    const notRun = withoutTools();
    return notRun === undefined ? vitest(part) : { ...none, notRun };
  }
  const set = await stage;
  if (set === undefined) return { ...none, notRun: 'it was not asked for' };
  if ('notRun' in set) return { ...none, notRun: set.notRun };
  try {
    if (set.trouble === undefined) return await vitest(part, set.env);
    console.error(`\n── ${part}\n${set.trouble.slice(-6_000)}`);
    return { ...none, failed: 1 };
  } finally {
    await set.leave();
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
    const late = [
      setTimeout(() => {
        console.error(`${part}: the run has taken longer than ${ALL_WITHIN / 60_000} min`);
        child.kill('SIGTERM');
        late.push(setTimeout(() => child.kill('SIGKILL'), 30_000));
      }, deadline - Date.now()),
    ];
    const [code] = (await once(child, 'exit')) as [number | null];
    for (const timer of late) clearTimeout(timer);
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
