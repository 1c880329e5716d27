// The whole path for real: {same pod, other pod} x {memory, Redis}, with relay, agent and viewer over real sockets.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { until } from './kit/wait.ts';

/** One pod that has everything in itself, and two that share Redis; an agent at the first of each. */
const clusters: Partial<Record<'memory' | 'redis', Cluster>> = {};
beforeAll(async () => {
  clusters.redis = await startCluster({ pods: 2 });
  clusters.memory = await startCluster();
  for (const cluster of Object.values(clusters)) await cluster.startAgent(cluster.pod(0).url);
});
afterAll(async () => {
  for (const cluster of Object.values(clusters)) await cluster[Symbol.asyncDispose]();
});

const PLACES = [
  { name: 'same pod, memory', bus: 'memory', viewerAt: 0 },
  { name: 'same pod, Redis', bus: 'redis', viewerAt: 0 },
  { name: 'other pod, Redis', bus: 'redis', viewerAt: 1 },
] as const;

/** `seq 1 n` as a terminal prints it. */
function seq(n: number): { bytes: number; sha256: string } {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let i = 1; i <= n; i += 1000) {
    let text = '';
    for (let j = i; j < i + 1000 && j <= n; j++) text += `${j}\r\n`;
    hash.update(text);
    bytes += text.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

describe.each(PLACES)('$name', ({ bus, viewerAt }) => {
  let cluster: Cluster;
  beforeAll(() => {
    cluster = clusters[bus] as Cluster;
  });

  test('a shell, its output byte for byte, its size and its exit status', async () => {
    const person = cluster.person(cluster.pod(viewerAt).url);

    // A real shell.
    const shell = await person.start(cluster.machine.id, { command: 'sh', args: ['-i'], cols: 90, rows: 20 });
    const viewer = person.look(cluster.machine.id, shell.id, { size: { cols: 100, rows: 30 } });
    await viewer.live();
    viewer.type('stty size\r');
    await viewer.sees('30 100');
    viewer.attachment.resize({ cols: 77, rows: 22 });
    await until('the size arrives', () => viewer.sizes.some((s) => s.cols === 77));
    viewer.type('stty size\r');
    await viewer.sees('22 77');
    viewer.type('printf "snow\\342\\230\\203man %s\\n" "$TERM"\r');
    await viewer.sees('snow☃man xterm-256color');
    viewer.type('exit 7\r');
    expect(await viewer.ended()).toEqual({ exitCode: 7, signal: null });

    // A million lines, hashed on both ends.
    const expected = seq(1_000_000);
    const counter = await person.start(cluster.machine.id, { command: 'sh', args: ['-c', 'read go; seq 1 1000000'] });
    const stream = person.look(cluster.machine.id, counter.id, { mode: 'stream' });
    await stream.live();
    stream.type('\r');
    await stream.ended(60_000);
    expect(stream.bytes - '\r\n'.length).toBe(expected.bytes);
    const echoed = createHash('sha256').update('\r\n');
    for (let i = 1; i <= 1_000_000; i += 1000) {
      let text = '';
      for (let j = i; j < i + 1000; j++) text += `${j}\r\n`;
      echoed.update(text);
    }
    expect(stream.sha256).toBe(echoed.digest('hex'));
    expect(stream.lost).toEqual([]);
  });

  test('characters of several bytes survive the borders of frames', async () => {
    const person = cluster.person(cluster.pod(viewerAt).url);
    // Two bytes, a pause, the third: a frame border within the character.
    const script =
      'read go; for i in 1 2 3 4 5; do printf "\\342\\202"; sleep 0.05; printf "\\254"; done; printf "\\n"';
    const session = await person.start(cluster.machine.id, { command: 'sh', args: ['-c', script] });
    const viewer = person.look(cluster.machine.id, session.id, { mode: 'stream' });
    await viewer.live();
    viewer.type('\r');
    await viewer.ended();
    expect(viewer.tail).toContain('€€€€€');
  });
});
