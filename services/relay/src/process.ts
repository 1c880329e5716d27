// The process: configuration, signals, exit code.
import { compileSoon } from '@hermit/transport/compiler';
import { type App, createApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { checkPorts } from './free-port.ts';
import { startFailure } from './start-failure.ts';

/** After the drain whatever is still open has this long; milliseconds. */
const CLOSE_WITHIN = 5_000;

let config: Config | undefined;

async function main(): Promise<void> {
  const settings = readConfig();
  config = settings;
  let app: App | null = null;
  let leaving = false;
  // Before anything else: as the first process of a container it would not hear a signal that nobody handles.
  const leave = async (): Promise<void> => {
    if (leaving) process.exit(1); // asked twice
    if (app === null) process.exit(0);
    leaving = true;
    setTimeout(() => process.exit(1), settings.drainSeconds * 1000 + CLOSE_WITHIN).unref();
    // Alone there is nowhere else to go.
    await app.drain(settings.embedded ? 0 : settings.drainSeconds * 1000);
    await app.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void leave());
  process.on('SIGINT', () => void leave());
  await checkPorts(settings);
  app = await createApp(settings);
  await app.listen();
  compileSoon();
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    for (const { variable, expected } of error.problems)
      process.stderr.write(`hermit-relay: ${variable} ${expected}\n`);
  } else {
    process.stderr.write(`hermit-relay: ${config ? startFailure(error, config) : String(error)}\n`);
  }
  process.exit(1);
});
