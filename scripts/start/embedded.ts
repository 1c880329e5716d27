// Runs relay and agent together on this machine, until it is told to stop.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from '../setup/pinned-node.mjs';
import { type Progress, startProgress, style } from '../setup/progress.mjs';
import { Warden } from '../warden.ts';
import { greeting } from './greeting.ts';
import { LogFile } from './log-file.ts';
import { RelayAccount } from './relay-account.ts';
import { Service } from './service.ts';
import { ELSEWHERE, Explained, readSettings, type Settings } from './settings.ts';
import { buildWebTerminal, webTerminalIsStale } from './web-terminal.ts';

const readyDeadlineMs = 120_000;
const onlineDeadlineMs = 20_000;
const pollMs = 150;

const services: Service[] = [];
const warden = new Warden();
let progress: Progress | undefined;
let stopping = false;

/** Ends everything in the opposite order of its start. Once is enough; further calls change nothing. */
const stop = async (exitCode: number): Promise<void> => {
  if (stopping) return;
  stopping = true;
  for (const service of services.toReversed()) await service.stop();
  warden.leave();
  process.exit(exitCode);
};

const stopByHand = () => {
  if (stopping) return;
  progress?.fail('interrupted');
  console.log(services.length > 0 ? '\nStopping Hermit; a second is enough. The data stays.' : '');
  void stop(0);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopByHand);

const watcher = {
  crashed: (sentence: string) => console.error(style.yellow(sentence)),
  left: (sentence: string) => console.error(style.yellow(sentence)),
  gaveUp: (sentence: string) => {
    console.error(style.red(`${sentence} Stopping everything.`));
    void stop(1);
  },
};

/** The port to use; a taken one is told before anything starts. */
const availablePort = async ({ host, port }: Settings): Promise<number> => {
  const probe = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, host, () => resolve((probe.address() as { port: number }).port));
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') throw new Explained(await whoHas(host, port));
    throw new Explained(`The relay cannot listen on ${host}, port ${port} (${code}). Choose with HOST and PORT.`);
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
};

const whoHas = async (host: string, port: number): Promise<string> => {
  const isHermit = await fetch(`${addressOf(host, port)}/health`, { signal: AbortSignal.timeout(2_000) })
    .then(async (response) => ((await response.json()) as { status?: string }).status === 'ok')
    .catch(() => false);
  const who = isHermit ? 'a Hermit that already runs' : 'another program';
  return `Port ${port} is in use by ${who}. Stop that one, or choose another port: PORT=${port + 1} npm start`;
};

/** Where a client on this machine finds the relay: an address that means "all" is not one to connect to. */
const addressOf = (host: string, port: number): string => {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
};

const until = async (condition: () => Promise<boolean>, service: Service, deadlineMs: number): Promise<boolean> => {
  const end = Date.now() + deadlineMs;
  while (Date.now() < end && !stopping) {
    if (service.endedEarly) {
      const log = service.log.tail();
      throw new Explained(`It ${service.endedEarly}:\n\n${log}\n\nIts whole log is ${service.log.path}`);
    }
    if (await condition().catch(() => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return false;
};

/** Shows one step of the start; what it throws ends the start. */
const step = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
  progress = startProgress(title);
  try {
    const result = await work();
    progress.done();
    return result;
  } catch (error) {
    progress.fail('failed');
    throw error;
  } finally {
    progress = undefined;
  }
};

/** The agent's own exit codes, documented in its --help. */
const agentExits = {
  3: 'ended: the relay refused its token',
  4: 'ended: another agent took this machine over with the same token',
};

const program = (name: string, args: readonly string[], environment: NodeJS.ProcessEnv) => ({
  name,
  args: ['--conditions=@hermit/source', join(root, 'services', name, 'src', 'main.ts'), ...args],
  environment: { ...process.env, ...environment },
});

const startRelay = async (settings: Settings, port: number, logs: string): Promise<string> => {
  const environment = {
    HOST: settings.host,
    PORT: `${port}`,
    HERMIT_DATA_DIR: settings.dataDirectory,
    // Embedded, whatever is set for other programs on this machine.
    ...Object.fromEntries(ELSEWHERE.flatMap((name) => [name, `${name}_FILE`]).map((name) => [name, undefined])),
    // There is no other pod to move to.
    DRAIN_SECONDS: process.env.DRAIN_SECONDS ?? '0',
  };
  const relay = new Service(program('relay', [], environment), new LogFile(join(logs, 'relay.log')), warden, watcher);
  services.push(relay);
  const address = addressOf(settings.host, port);
  await step('Starting the relay', async () => {
    relay.start();
    const answers = async () => (await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok;
    const ready = await until(answers, relay, readyDeadlineMs);
    if (!ready) throw new Explained(`It is not ready after ${readyDeadlineMs / 1_000} s. Its log is ${relay.log.path}`);
  });
  relay.settle();
  return address;
};

/** Whether there is a web terminal to open: built, and served. */
const servesPages = (address: string): Promise<boolean> =>
  fetch(address, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.ok && (response.headers.get('content-type') ?? '').startsWith('text/html'),
    () => false,
  );

const startAgent = async (settings: Settings, address: string, account: RelayAccount, logs: string) => {
  const name = settings.machineName;
  const token = await account.machineToken(name);
  const run = program('agent', ['run', '--relay', address, '--name', name], { HERMIT_MACHINE_TOKEN: token });
  const agent = new Service({ ...run, finalExits: agentExits }, new LogFile(join(logs, 'agent.log')), warden, watcher);
  services.push(agent);
  const online = await step('Starting the agent', () => {
    agent.start();
    return until(() => account.isOnline(name), agent, onlineDeadlineMs);
  });
  agent.settle();
  if (!online && !stopping) {
    console.error(style.yellow(`The agent runs, but this machine is not online yet. Its log is ${agent.log.path}`));
  }
  return online;
};

const start = async (): Promise<void> => {
  const settings = readSettings();
  for (const name of settings.ignored) {
    console.log(style.dim(`${name} is not used by npm start, which brings its own; npm run relay uses it.`));
  }
  const port = await availablePort(settings);
  const logs = join(settings.dataDirectory, 'logs');
  try {
    mkdirSync(logs, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Explained(`The data directory cannot be made: ${(error as Error).message}. Choose with HERMIT_DATA_DIR.`);
  }

  if (webTerminalIsStale()) {
    const log = new LogFile(join(logs, 'web-build.log'));
    const built = await step('Building the web terminal', () => buildWebTerminal(log));
    if (!built) console.error(style.yellow(`It could not be built, and all else works without it. See ${log.path}`));
  }

  const address = await startRelay(settings, port, logs);
  const account = new RelayAccount(address, settings.email, settings.dataDirectory);
  await account.signIn();
  const machineIsOnline = await startAgent(settings, address, account, logs);
  if (stopping) return;

  console.log(
    greeting({
      address,
      email: settings.email,
      password: account.isNew ? account.password : undefined,
      passwordFile: account.passwordFile,
      machineName: settings.machineName,
      machineIsOnline,
      dataDirectory: settings.dataDirectory,
      logDirectory: logs,
      link: (await servesPages(address)) ? await account.signInLink(settings.machineName) : undefined,
    }),
  );
};

try {
  await start();
} catch (error) {
  if (!stopping) {
    console.error(error instanceof Explained ? error.message : error);
    await stop(1);
  }
}
