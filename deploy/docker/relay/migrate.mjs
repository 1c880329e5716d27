// Brings the database up to date, and ends: what a pod does first when it starts, for those who want it done before.
import { openDatabase } from './services/relay/dist/accounts/database.js';
import { migrate } from './services/relay/dist/accounts/migrate.js';
import { readConfig } from './services/relay/dist/config.js';

const say = (line) => console.log(`hermit-migrate: ${line}`);

try {
  const database = await openDatabase(readConfig());
  const ran = await migrate(database.sql, { log: say });
  await database.close();
  say(ran.length > 0 ? `done: ${ran.join(', ')}` : 'nothing to do: the database is up to date');
} catch (error) {
  console.error(`hermit-migrate: ${error.message || error.code || error}`);
  process.exit(1);
}
