// What the probes of a pod say, and when they let it be.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root, run } from '../kit/tools.ts';

const MESSAGE = 'Not ready: redis (ECONNREFUSED).';

async function probing(status: number, ...args: string[]) {
  const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify({ message: MESSAGE })));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  try {
    const env = { ...process.env, HOST: '127.0.0.1', PORT: String(port) };
    const probe = join(root, 'deploy', 'docker', 'relay', 'probe.mjs');
    const { code, stderr } = await run(process.execPath, [probe, '/readyz', ...args], { env });
    return [code, stderr.trim()];
  } finally {
    server.close();
  }
}

it.each([
  ['one that is ready is well', 200, [], 0, ''],
  ['one that is not says why', 503, [], 1, MESSAGE],
  // This machine has been up for longer than a second, and for less than thirty years.
  ['not for the first seconds of its life', 503, ['1000000000'], 1, MESSAGE],
  ['later its answer is enough', 503, ['1'], 0, MESSAGE],
])('%s', async (_, status, args, code, said) => {
  expect(await probing(status, ...args)).toEqual([code, said]);
});

it('one that does not answer is not well, however old', async () => {
  const env = { ...process.env, HOST: '127.0.0.1', PORT: '1' };
  const probe = join(root, 'deploy', 'docker', 'relay', 'probe.mjs');
  const { code, stderr } = await run(process.execPath, [probe, '/readyz', '1'], { env });
  expect([code, stderr.trim()]).toEqual([1, 'The relay does not listen yet (ECONNREFUSED).']);
});
