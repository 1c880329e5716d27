// A process that makes users until it is killed, and says what it has stored: for the test of the embedded database.
import { openDatabase } from '../../../services/relay/src/accounts/database.ts';
import { migrate } from '../../../services/relay/src/accounts/migrate.ts';

const say = (line: string) => process.send?.(line);

// Said while the first start is still making the database.
setTimeout(() => say('starting'), 100);
const [dataDir = ''] = process.argv.slice(2);
const database = await openDatabase({ database: { url: undefined, ca: undefined, pool: 1 }, dataDir });
await migrate(database.sql);
for (let i = 0; ; i++) {
  const email = `user-${process.pid}-${i}@example.org`;
  await database.sql`insert into users (email) values (${email})`;
  say(`user ${i} ${email}`);
}
