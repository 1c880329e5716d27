// The agent's process: command line, signals, exit codes.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { LIMITS } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { compileSoon } from '@hermit/transport/compiler';
import { dialWs } from '@hermit/transport/node';
import { Command, CommanderError, Option } from 'commander';
import { pino } from 'pino';
import { createAgent } from './agent.ts';
import { historyBytes } from './history-option.ts';
import { FramePool } from './link/frame-pool.ts';
import type { LinkState } from './link/link.ts';
import { noScreen } from './screen/no-screen.ts';
import { screenWorkers } from './screen/worker.ts';
import { addServiceCommands } from './service/commands.ts';
import { exitCodeFor } from './service/service-file.ts';
import { homeDirectory, loginShell, sessionEnvironment } from './terminal/environment.ts';
import { spawnPty } from './terminal/pty.ts';
import { readToken, SetupError } from './token.ts';
import { VERSION } from './version.ts';

/** Exit codes, documented in --help. */
const EXIT = { usage: 2, refused: 3, superseded: 4 } as const;
/** Programs have this long to end after SIGHUP; milliseconds. */
const PATIENCE = 2_000;

type Options = {
  relay: string;
  name: string;
  tokenFile?: string;
  logLevel: string;
  jsonLogs?: boolean;
  screens: boolean;
  history: number;
};

const program = new Command('hermit-agent')
  .description('Keeps terminal sessions on this machine and offers them through a Hermit relay.')
  .version(VERSION)
  // Before the commands, which take them over.
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'hermit-agent: ')) })
  .addHelpText(
    'after',
    `
Exit codes:
  0  stopped by a signal
  2  wrong usage, or no usable token
  3  the relay refused the token or the name
  4  another agent took this machine over with the same token`,
  );

program
  .command('run', { isDefault: true })
  .description('run in the foreground until a signal')
  .requiredOption('--relay <url>', 'address of the relay, http:// or https://')
  .option('--name <name>', 'name of this machine, as it was added', hostname())
  .option('--token-file <file>', 'file with the machine token (mode 0600); else HERMIT_MACHINE_TOKEN')
  .addOption(
    new Option('--log-level <level>', 'how much to say').choices(['error', 'warn', 'info', 'debug']).default('info'),
  )
  .option('--json-logs', 'log JSON lines, for collectors')
  .option('--no-screens', 'keep no screens, to save memory: who attaches is shown the end of the history instead')
  .addOption(
    new Option(
      '--history <bytes>',
      'output that is kept for each session, 256k to 256M; all of them keep 256M together',
    )
      .argParser(historyBytes)
      .default(LIMITS.history, '4M'),
  )
  .addHelpText(
    'after',
    `
Examples:
  HERMIT_MACHINE_TOKEN=hmt_… hermit-agent run --relay https://hermit.example.org --name buildbox
  hermit-agent run --relay http://127.0.0.1:3001 --name laptop --token-file ~/.config/hermit/laptop.token`,
  )
  .action(run);

addServiceCommands(program);

function run(options: Options): void {
  const url = agentUrl(options.relay);
  const token = readToken(options.tokenFile, process.env);
  const { name } = options;
  const log = options.jsonLogs
    ? pino({ level: options.logLevel, base: { machine: name } }, pino.destination(2))
    : pino({ level: options.logLevel, base: null }, plain());
  const shell = loginShell(process.env);
  let saidUnreachable = false;

  const onState = (state: LinkState): void => {
    switch (state.state) {
      case 'registered':
        saidUnreachable = false;
        log.info({ event: 'registered', ...state }, `connected to ${options.relay} as “${name}”`);
        return;
      case 'waiting': {
        const { reason, retryInMs } = state;
        const message = `${options.relay} cannot be reached (${reason}); trying again for as long as it takes`;
        if (saidUnreachable) log.debug({ event: 'retrying', reason, retryInMs }, message);
        else log.warn({ event: 'unreachable', reason, retryInMs }, message);
        saidUnreachable = true;
        return;
      }
      case 'refused':
        log.error({ event: 'refused', code: state.code }, `the relay refused this agent: ${state.message}`);
        if (state.final) refused(state.code);
        return;
    }
  };
  /** Nothing more can come through; what still runs here is let to its end. */
  const refused = (code: string): void => {
    const status = code === 'SUPERSEDED' ? EXIT.superseded : EXIT.refused;
    const leaveWhenDone = () => {
      const running = agent.sessions.list.filter((s) => s.exit === undefined).length;
      if (running === 0) void stop(status);
      else
        log.warn(
          { event: 'orphaned', running },
          `${running === 1 ? '1 session runs' : `${running} sessions run`} on without a relay`,
        );
    };
    leaveWhenDone();
    setInterval(leaveWhenDone, 60_000).unref();
  };

  const workers = screenWorkers((reason) => {
    log.error({ event: 'screen_failed' }, `${reason}; viewers of its sessions are served from history`);
  });
  if (options.screens) workers.start();
  const frames = new FramePool();
  const agent = createAgent({
    url,
    machineName: name,
    token,
    instanceId: randomUUID(),
    agentVersion: VERSION,
    dial: dialWs(),
    clock: systemClock,
    random: Math.random,
    defer: setImmediate,
    onState,
    onError: ({ code, message }) => {
      log.warn({ event: 'not_understood', code }, `the relay did not understand this agent: ${message} (${code})`);
    },
    newId: randomUUID,
    spawn: spawnPty,
    createScreen: options.screens ? workers.createScreen : noScreen,
    defaults: {
      ...shell,
      cwd: homeDirectory(process.env),
      env: sessionEnvironment(process.env, name, VERSION),
      size: { cols: 80, rows: 24 },
    },
    history: options.history,
    historyBehind: Math.max(options.history, LIMITS.historyBehind),
    alloc: frames.take,
    left: frames.giveBack,
  });

  let stopping = false;
  const stop = async (status: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const running = () => agent.sessions.list.some((s) => s.exit === undefined);
    agent.sessions.killAll('SIGHUP');
    const deadline = Date.now() + PATIENCE;
    while (running() && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
    agent.sessions.killAll('SIGKILL');
    // The ends of the sessions are still on their way.
    await new Promise((done) => setTimeout(done, 100));
    agent.link.stop();
    agent.sessions.dispose();
    void workers.stop();
    setTimeout(() => process.exit(exitCodeFor(status, process.env)), 100);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      log.info({ event: 'stopping' }, 'stopping: the sessions of this machine end');
      void stop(0);
    });
  }
  process.on('SIGHUP', () => {
    // The terminal it was started in has gone; the sessions have not.
  });

  // Timers of the core do not keep a process alive.
  setInterval(() => {}, 1 << 30);
  agent.link.start();
  compileSoon();
}

function agentUrl(relay: string): string {
  let url: URL;
  try {
    url = new URL(relay);
  } catch {
    throw new SetupError(`--relay must be a URL like https://hermit.example.org, not “${relay}”`);
  }
  if (!/^(https?|wss?):$/.test(url.protocol)) throw new SetupError('--relay must be an http:// or https:// URL');
  url.protocol = url.protocol.replace('http', 'ws');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/ws/agent`;
  return url.href;
}

/** Log lines for people. */
function plain(): { write(line: string): void } {
  return {
    write(line) {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      const mark = level >= 50 ? 'error: ' : level >= 40 ? 'warning: ' : '';
      process.stderr.write(`hermit-agent: ${mark}${msg}\n`);
    },
  };
}

try {
  await program.parseAsync();
} catch (error) {
  const wrongUsage = exitCodeFor(EXIT.usage, process.env);
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : wrongUsage); // told already
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`hermit-agent: ${error.message}\n`);
  process.exit(wrongUsage);
}
