// The world of a web test: two pods, an agent with a plain shell, and a way in that breaks as networks do.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cluster, startCluster } from '../../integration/kit/cluster.ts';
import type { NetworkPath } from '../../integration/kit/network-path.ts';
import { type OpenWindow, type RealBrowser, startBrowser, type WindowOptions } from './browser.ts';
import { Visitor } from './visitor.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Tests read what the page paints with its own elements. */
const READABLE = { renderer: 'dom', cursorBlink: false };

export class Home implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly browser: RealBrowser;
  /** Prefers the first pod. */
  readonly path: NetworkPath;
  /** The home directory of the machine's user. */
  readonly directory: string;

  constructor(cluster: Cluster, browser: RealBrowser, path: NetworkPath, directory: string) {
    this.cluster = cluster;
    this.browser = browser;
    this.path = path;
    this.directory = directory;
  }

  /** What a shell on the machine has around it: a home, a plain prompt, and `hermit-agent` among its programs. */
  get environment(): Record<string, string> {
    return {
      HOME: this.directory,
      SHELL: '/bin/bash',
      PATH: `${join(this.directory, 'bin')}:${process.env.PATH}`,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
    };
  }

  async visitor(options: WindowOptions = {}, path = this.path): Promise<Visitor> {
    const settings = { ...READABLE, ...options.settings };
    const window: OpenWindow = await this.browser.open(path.url, { ...options, settings });
    return new Visitor(window);
  }

  /** Somebody signed in as the owner of the cluster's machine. */
  async owner(options: WindowOptions = {}, path = this.path): Promise<Visitor> {
    const visitor = await this.visitor(options, path);
    await visitor.signIn(this.cluster.account.email);
    await visitor.machine('box').getByText('Online').waitFor();
    return visitor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.browser[Symbol.asyncDispose](), this.cluster[Symbol.asyncDispose]()]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

type HomeOptions = { pods?: number; agent?: boolean; env?: Record<string, string> };

/** `agent`: the cluster's own machine, "box", is online. Its agent reaches the last pod first. */
export async function startHome({ pods = 2, agent = true, env = {} }: HomeOptions = {}): Promise<Home> {
  const directory = mkdtempSync(join(tmpdir(), 'hermit-home-'));
  furnish(directory);
  const [cluster, browser] = await Promise.all([startCluster({ pods, bus: 'redis', env }), startBrowser()]);
  const home = new Home(cluster, browser, await cluster.path([0]), directory);
  if (agent) {
    const agentPath = await cluster.path([pods - 1]);
    await cluster.startAgent(agentPath.url, cluster.machine, home.environment);
  }
  return home;
}

function furnish(directory: string): void {
  writeFileSync(join(directory, '.bashrc'), "PS1='\\w$ '\nHISTFILE=\n");
  writeFileSync(join(directory, '.bash_profile'), '. ~/.bashrc\n');
  writeFileSync(join(directory, '.vimrc'), 'set nocompatible ruler\n');
  mkdirSync(join(directory, 'bin'));
  const program = join(directory, 'bin', 'hermit-agent');
  const main = join(ROOT, 'services', 'agent', 'src', 'main.ts');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' --conditions=@hermit/source '${main}' "$@"\n`);
  chmodSync(program, 0o755);
}
