// The process: configuration, signals, exit code.
import { type App, createApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';

/** After the drain whatever is still open has this long; milliseconds. */
const CLOSE_WITHIN = 5_000;

async function main(): Promise<void> {
  const config = readConfig();
  let app: App | null = null;
  let leaving = false;
  // Before anything else: as the first process of a container it would not hear a signal that nobody handles.
  const leave = async (): Promise<void> => {
    if (leaving) process.exit(1); // asked twice
    if (app === null) process.exit(0);
    leaving = true;
    setTimeout(() => process.exit(1), config.drainSeconds * 1000 + CLOSE_WITHIN).unref();
    // Alone there is nowhere else to go.
    await app.drain(config.embedded ? 0 : config.drainSeconds * 1000);
    await app.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void leave());
  process.on('SIGINT', () => void leave());
  app = await createApp(config);
  await app.listen();
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    for (const { variable, expected } of error.problems)
      process.stderr.write(`hermit-relay: ${variable} ${expected}\n`);
  } else {
    const { message, code } = error as { message?: string; code?: string };
    process.stderr.write(`hermit-relay: cannot start: ${message || code || String(error)}\n`);
  }
  process.exit(1);
});
