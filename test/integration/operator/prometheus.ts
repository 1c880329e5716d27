// A real Prometheus for tests: scrapes pods every second, knows the alert rules, answers queries.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Warden } from '../../../scripts/warden.ts';
import { canInstall, findCommand, installPackages } from '../../services/binaries.ts';
import { freePort, ServerProcess, temporaryDirectory, untilReady } from '../../services/server-process.ts';

export const RULES = fileURLToPath(new URL('../../../deploy/grafana/alerts.yaml', import.meta.url));

type Sample = { metric: Record<string, string>; value: number };
type LoadedRule = {
  name: string;
  query: string;
  health: string;
  lastError?: string;
  annotations: Record<string, string>;
};

/** `prometheus` or `promtool`: there, or installed, or a sentence saying what is missing. */
async function program(name: 'prometheus' | 'promtool'): Promise<string> {
  const found = await findCommand(name);
  if (found) return found;
  if (await canInstall()) await installPackages(['prometheus']);
  const installed = await findCommand(name);
  if (!installed)
    throw new Error('These tests need a real Prometheus: install it (Debian: apt-get install prometheus).');
  return installed;
}

/** Output of a check or a test of promtool; rejects with it when it fails. */
export async function promtool(...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(await program('promtool'), args)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`promtool ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

export class Prometheus implements AsyncDisposable {
  private readonly url: string;
  private readonly stack: AsyncDisposableStack;

  private constructor(url: string, stack: AsyncDisposableStack) {
    this.url = url;
    this.stack = stack;
  }

  /** `targets`: `host:port` of each pod's metrics. */
  static async scraping(targets: readonly string[]): Promise<Prometheus> {
    const command = await program('prometheus');
    await using setup = new AsyncDisposableStack();
    const warden = new Warden();
    setup.defer(() => warden.leave());
    const directory = await temporaryDirectory('prometheus', warden);
    setup.defer(() => directory.remove());
    const configuration = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [RULES],
      scrape_configs: [{ job_name: 'hermit', static_configs: [{ targets }] }],
    };
    // JSON is YAML.
    const file = join(directory.path, 'prometheus.yml');
    await writeFile(file, JSON.stringify(configuration));
    const port = await freePort();
    const listen = [`--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${join(directory.path, 'data')}`];
    const server = new ServerProcess(command, [`--config.file=${file}`, ...listen], warden, { cwd: directory.path });
    setup.defer(() => server.stop('SIGTERM'));
    const url = `http://127.0.0.1:${port}`;
    await untilReady('Prometheus', server, async () => {
      const answer = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2_000) });
      if (!answer.ok) throw new Error(`not ready: ${answer.status}`);
    });
    return new Prometheus(url, setup.move());
  }

  async query(expression: string): Promise<Sample[]> {
    type Vector = { result: { metric: Record<string, string>; value: [number, string] }[] };
    const { result } = await this.ask<Vector>('query', { query: expression });
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** The one value of an expression without labels; undefined where there is none. */
  async value(expression: string): Promise<number | undefined> {
    return (await this.query(expression))[0]?.value;
  }

  async rules(): Promise<LoadedRule[]> {
    const { groups } = await this.ask<{ groups: { rules: LoadedRule[] }[] }>('rules', {});
    return groups.flatMap((group) => group.rules);
  }

  private async ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = (await answer.json()) as { status: string; error?: string; data: T };
    if (body.status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${body.error}`);
    return body.data;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
