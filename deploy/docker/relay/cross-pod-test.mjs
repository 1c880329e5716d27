// `helm test`: passes bytes from an agent on one pod to a client on another, and keys the other way, as an account that
// exists for as long as it takes, and is never the first user, whose place is the administrator's. The agent runs beside
// this, and waits for its token in TEST_DIRECTORY.
import { randomBytes, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HermitClient } from '@hermit/client';
import { systemClock } from '@hermit/transport';
import { dialWs } from '@hermit/transport/node';
import { createAccounts } from './services/relay/dist/accounts/accounts.js';
import { openDatabase } from './services/relay/dist/accounts/database.js';
import { createTokenKeys } from './services/relay/dist/auth/token-keys.js';
import { createTokens } from './services/relay/dist/auth/tokens.js';
import { readConfig } from './services/relay/dist/config.js';

const { TEST_PODS = '', TEST_PODS_WANTED = '2', TEST_DIRECTORY = '/tmp', TEST_SECONDS = '90' } = process.env;
const deadline = Date.now() + Number(TEST_SECONDS) * 1_000;
const say = (line) => console.log(`hermit-test: ${line}`);

/** Waits until `look` gives something; says what was missing when there is no time left. */
async function until(missing, look) {
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${missing} within ${TEST_SECONDS} s`);
    await new Promise((done) => setTimeout(done, 300));
  }
}

const isReady = (url) =>
  fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) }).then(
    ({ ok }) => ok,
    () => false,
  );

const config = readConfig();
const database = await openDatabase(config);
const accounts = createAccounts({
  sql: database.sql,
  tokens: createTokens(createTokenKeys(config.jwtSecrets)),
});
let userId;
let client;

async function pass() {
  const [host, port] = TEST_PODS.split(':');
  const wanted = Number(TEST_PODS_WANTED);
  const pods = await until(`fewer than ${wanted} relay pods were ready`, async () => {
    const addresses = await lookup(host, { all: true, verbatim: true });
    const urls = addresses.map(({ address, family }) => `http://${family === 6 ? `[${address}]` : address}:${port}`);
    const ready = await Promise.all(urls.map(isReady));
    const serving = urls.filter((_, index) => ready[index]);
    return serving.length >= wanted ? serving : undefined;
  });
  const agentsPod = pods[0];
  const clientsPod = pods[1] ?? pods[0];
  say(`the agent goes to ${agentsPod}, the client to ${clientsPod}`);

  const user = await accounts.createTestUser();
  userId = user.id;
  const login = await accounts.openLogin(user);
  const { machine, token } = await accounts.createMachine(user.id, 'helm-test');
  writeFileSync(join(TEST_DIRECTORY, 'relay'), agentsPod);
  writeFileSync(join(TEST_DIRECTORY, '.token'), token);
  renameSync(join(TEST_DIRECTORY, '.token'), join(TEST_DIRECTORY, 'token'));

  let tokens = login;
  client = new HermitClient({
    relay: clientsPod,
    store: {
      read: async () => tokens,
      change: async (run) => {
        tokens = await run(tokens);
        return tokens;
      },
    },
    fetch,
    dial: dialWs(),
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    clientName: 'helm-test',
  });
  await client.connected(30_000, systemClock);
  await until('the agent did not come online', async () => (await client.machines()).find((m) => m.online));
  say('the agent is online');

  // What is typed is not what is shown: the program turns one into the other.
  const session = await client.createSession(machine.id, {
    name: 'helm-test',
    command: '/bin/sh',
    args: ['-c', 'stty -echo; printf "ready\\n"; read -r line; printf "answer:%s:" "$line"; seq 1 20000 | cksum'],
    cols: 80,
    rows: 24,
  });
  let output = '';
  let ended = false;
  const view = {
    data(bytes, done) {
      output += Buffer.from(bytes).toString('utf8');
      done();
    },
    snapshot: (_painting, done) => done(),
    resized() {},
    state() {},
    status() {},
    historyLost() {},
    refused: (error) => say(`refused: ${error.message}`),
    ended() {
      ended = true;
    },
    closed() {},
  };
  const attachment = client.attach({ machineId: machine.id, sessionId: session.id, view, mode: 'stream', from: 0 });
  await until('nothing came from the session', async () => output.includes('ready'));
  const word = randomBytes(12).toString('hex');
  attachment.type(Buffer.from(`${word}\n`));
  // The checksum of the numbers 1 to 20000, a line each.
  await until(
    `the answer did not come (there is: ${JSON.stringify(output.slice(0, 200))})`,
    async () => output.includes(`answer:${word}:`) && output.includes('3231941463 108894'),
  );
  await until('the session did not end', async () => ended);
  const where = clientsPod === agentsPod ? 'through the one pod there is' : 'across two pods';
  say(`passed: keys and output went ${where}`);
}

/** Once, whatever happens. Of a test that is killed before, the relay removes what is left after an hour. */
let leaving;
const leave = () => {
  leaving ??= (async () => {
    client?.close();
    if (userId) await database.sql`delete from users where id = ${userId}`.catch(() => {});
    await database.close();
  })();
  return leaving;
};
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, async () => {
    console.error('hermit-test: failed: it was ended before it was done');
    await leave();
    process.exit(1);
  });
}

try {
  await pass();
} catch (error) {
  console.error(`hermit-test: failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  await leave();
}
process.exit();
