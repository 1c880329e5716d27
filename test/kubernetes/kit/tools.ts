// Helm, kubectl and the development cluster: where they are, and how they are run.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export const root = join(import.meta.dirname, '..', '..', '..');
export const chart = join(root, 'deploy', 'helm', 'hermit');

/** The tool that starts a development cluster: the one that is named, or one beside this repository; undefined: none. */
export function clusterTool(): string | undefined {
  const named = process.env.HERMIT_CLUSTER_TOOL;
  const path = named ? resolve(named) : join(root, '..', 'shared', 'cluster', 'cluster');
  return existsSync(path) ? path : undefined;
}

/** What that tool says a shell should have, while it runs or not: KUBECONFIG, and a PATH to its helm and kubectl. */
export function clusterEnvironment(tool: string): { kubeconfig: string; path: string } | undefined {
  const { stdout } = spawnSync(tool, ['env'], { encoding: 'utf8' });
  const [, kubeconfig, path] = /KUBECONFIG=(\S+) PATH=([^\s:]+)/.exec(stdout ?? '') ?? [];
  return kubeconfig && path ? { kubeconfig, path } : undefined;
}

/** Puts the development cluster's helm and kubectl behind those that are on the PATH. */
export function extendPath(): void {
  const tool = clusterTool();
  const path = tool && clusterEnvironment(tool)?.path;
  if (path && !process.env.PATH?.split(delimiter).includes(path)) process.env.PATH += `${delimiter}${path}`;
}

export function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));
}

export type Ran = { code: number; stdout: string; stderr: string };
type RunOptions = { input?: string; env?: NodeJS.ProcessEnv; deadlineMs?: number; cwd?: string };

/** How long a program that is asked to end, or what it has started, may hold on; milliseconds. */
const LINGER = 5_000;

/** Runs a program to its end. A program that takes too long is ended with all that it has started, and has failed. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input, env = process.env, deadlineMs = 240_000, cwd = root } = options;
  return new Promise((done, reject) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const signal = (name: NodeJS.Signals) => {
      try {
        // The process is the leader of a group of its own.
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // The group has ended.
      }
    };
    const timers = [
      setTimeout(() => {
        stderr += `\n${program} took longer than ${deadlineMs / 1_000} s`;
        signal('SIGTERM');
        timers.push(setTimeout(() => signal('SIGKILL'), LINGER));
      }, deadlineMs),
    ];
    const end = (code: number | null) => {
      for (const timer of timers) clearTimeout(timer);
      done({ code: code ?? 1, stdout, stderr });
    };
    child.once('error', (error) => {
      for (const timer of timers) clearTimeout(timer);
      reject(error);
    });
    // Something that it left behind may hold its output open.
    child.once('exit', (code) => timers.push(setTimeout(() => end(code), LINGER)));
    child.once('close', (code) => end(code));
    child.stdin.on('error', () => {
      // It ended before it had read everything: its exit code says more.
    });
    child.stdin.end(input ?? '');
  });
}

/** As `run`; throws with what it said when it fails. */
export async function must(program: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed (${code}):\n${stderr.trim() || stdout.trim()}`);
  return stdout;
}

export const helm = (...args: string[]): Promise<Ran> => run('helm', args);
export const kubectl = (...args: string[]): Promise<string> => must('kubectl', args);
