// Runs one step's program in a group of its own, so that the step ends with everything it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../setup/pinned-node.mjs';
import type { Warden } from '../warden.ts';

const logs = join(root, 'test-results');
const stopGraceMs = 3_000;
/** Characters of a step's output that are kept for the report; the log has all of it. */
const keptOutput = 4 * 1_048_576;

export interface StepRun {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly output: string;
  readonly lateBy: number | undefined;
  readonly log: string;
}

interface Options {
  readonly name: string;
  readonly deadlineMs: number;
  readonly environment?: NodeJS.ProcessEnv;
  onMessage?(message: unknown): void;
}

const running = new Set<ChildProcess>();

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals) => {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
};

const end = async (child: ChildProcess): Promise<void> => {
  signalGroup(child, 'SIGTERM');
  const insist = setTimeout(() => signalGroup(child, 'SIGKILL'), stopGraceMs);
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve));
  }
  clearTimeout(insist);
  signalGroup(child, 'SIGKILL');
};

/** Ends the steps that run now, and whatever they started. */
export const endSteps = async (): Promise<void> => {
  await Promise.all([...running].map(end));
};

/** Runs a JavaScript program from node_modules under this Node. */
export const runStep = async (program: string, args: readonly string[], warden: Warden, options: Options) => {
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${options.name}.log`);
  writeFileSync(log, '');
  let output = '';
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };

  const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...colour, ...options.environment },
  });
  running.add(child);
  const { pid } = child;
  if (pid) warden.guard({ kind: 'pid', value: pid });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput);
      appendFileSync(log, stripVTControlCharacters(text));
    });
  }
  child.on('message', (message) => options.onMessage?.(message));

  let lateBy: number | undefined;
  const deadline = setTimeout(() => {
    lateBy = options.deadlineMs;
    void end(child);
  }, options.deadlineMs);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(1);
    });
    // Not "close": a process left behind may hold the pipes open for ever.
    child.once('exit', (exitCode) => setTimeout(resolve, 50, exitCode));
  });
  clearTimeout(deadline);
  // What a step left running has no business after it.
  signalGroup(child, 'SIGKILL');
  if (pid) warden.release(pid);
  running.delete(child);
  return { code: code ?? undefined, output, lateBy, log } satisfies StepRun;
};
