// Gives a test run its real servers, unless the run above it already named them.
import { startServices } from './services.ts';

export default async function provideServices(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.TEST_REDIS_URL && process.env.TEST_DATABASE_URL) return undefined;
  const services = await startServices((line) => console.log(`  ${line}`));
  process.env.TEST_REDIS_URL = services.redis.url;
  process.env.TEST_DATABASE_URL = services.postgres.url;
  return () => services.stop();
}
