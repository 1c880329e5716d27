// All agents of a data centre at once: each is let in, and no password is hashed for any of them.
import { randomBytes, randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { issueMachineToken } from '../../../services/relay/src/accounts/machine-token.ts';
import { migrate } from '../../../services/relay/src/accounts/migrate.ts';
import { createDatabase } from '../../services/databases.ts';
import { freePort } from '../../services/server-process.ts';
import { RelayPod } from '../kit/cluster.ts';
import { report } from '../kit/measured.ts';
import { until } from '../kit/wait.ts';
import { SECRET } from './relay-kit.ts';

const AGENTS = process.env.HERMIT_SOAK ? 10_000 : 1_000;

it(`${AGENTS} agents register at once on one pod`, async () => {
  await using database = await createDatabase();
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  const sockets: WebSocket[] = [];
  const env = {
    ...{ HOST: '127.0.0.1', POD_ID: 'pod', JWT_SECRET: SECRET, LOG_LEVEL: 'warn', DATABASE_URL: database.url },
    ...{ REDIS_URL: process.env.TEST_REDIS_URL as string, REDIS_PREFIX: `test-${randomBytes(6).toString('hex')}:` },
    METRICS_PORT: `${await freePort()}`,
  };
  try {
    await migrate(sql);
    const [user] = await sql<{ id: string }[]>`insert into users (email) values ('ann@example.org') returning id`;
    const machines = Array.from({ length: AGENTS }, (_, i) => {
      const id = randomUUID();
      return { id, name: `box-${i}`, ...issueMachineToken(id) };
    });
    for (let i = 0; i < AGENTS; i += 1_000) {
      const rows = machines.slice(i, i + 1_000);
      await sql`insert into machines ${sql(rows.map(({ id, name, hash }) => ({ id, name, user_id: user?.id, token_hash: hash })))}`;
    }
    const port = await freePort();
    const pod = new RelayPod(port, { ...env, PORT: `${port}` });
    await using _process = pod.process;
    await pod.untilReady();

    const count = async (name: string) => {
      const text = await (await fetch(`http://127.0.0.1:${env.METRICS_PORT}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    const hashes = () => count('hermit_password_hashes_total');
    // The one that nobody's password matches.
    await until('the decoy is made', async () => (await hashes()) === 1);

    const start = performance.now();
    const outcomes = await Promise.all(
      machines.map(
        ({ name, token }) =>
          new Promise<string>((resolve) => {
            const ws = new WebSocket(`ws://127.0.0.1:${port}/ws/agent`, { perMessageDeflate: false });
            sockets.push(ws);
            ws.on('open', () => {
              const known = { machineName: name, token, protocol: 1, epoch: 1, lastEpoch: 0, instanceId: randomUUID() };
              ws.send(JSON.stringify({ type: 'register', ...known, agentVersion: 'test' }));
            });
            ws.on('message', (data) => {
              const m = JSON.parse(String(data)) as { type: string; success?: boolean; error?: { code: string } };
              if (m.type === 'registered') resolve(m.success ? 'registered' : String(m.error?.code));
            });
            ws.on('close', (code) => resolve(`closed with ${code}`));
            ws.on('unexpected-response', (_request, { statusCode }) => resolve(`HTTP ${statusCode}`));
            ws.on('error', (error) => resolve(error.message));
          }),
      ),
    );
    const elapsed = performance.now() - start;
    report(`${AGENTS} agents at once`, [elapsed], 'ms');
    expect(new Map(outcomes.map((outcome) => [outcome, outcomes.filter((o) => o === outcome).length]))).toEqual(
      new Map([['registered', AGENTS]]),
    );
    expect(await count('hermit_machines')).toBe(AGENTS);
    expect(await hashes()).toBe(1);

    // A person who logs in does cost one, whether or not there is an account.
    const body = JSON.stringify({ email: 'nobody@example.org', password: 'correct horse' });
    await fetch(`${pod.url}/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(await hashes()).toBe(2);
  } finally {
    for (const ws of sockets) ws.terminate();
    await sql.end({ timeout: 1 });
  }
}, 180_000);
