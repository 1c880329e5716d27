// Two pods, one agent, viewers on both pods, and somebody with wrong passwords: what operators see of an ordinary hour.
import { WebSocket } from 'ws';
import { type Cluster, PASSWORD, type RelayPod, startCluster } from '../kit/cluster.ts';
import type { TestViewer } from '../kit/viewer.ts';
import { until } from '../kit/wait.ts';
import { TraceCollector } from './trace-collector.ts';

/** Printed by the program, typed by people, or sent as a secret: none of it may be in a log. */
export const PRINTED = 'PRINTED-kTq8vWn2-IN-THE-TERMINAL';
export const TYPED = 'TYPED-Yx4mPz7Lb-BY-SOMEBODY';
export const WRONG_PASSWORD = 'wrong-horse-Zb81kQ-battery';
export const FORGED = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmb3JnZWQtWGsyIn0.Zm9yZ2VkLXNpZ25hdHVyZS1xUTc';

/** Bytes that the counting session prints, beside the line that starts it. */
export const BULK = 300_000;

export type Observed = AsyncDisposable & {
  cluster: Cluster;
  traces: TraceCollector;
  /** Session that printed BULK bytes and lives on. */
  session: string;
  viewers: [onAgentsPod: TestViewer, onOtherPod: TestViewer];
  metricsOf(pod: RelayPod): string;
  /** What the pods have written. */
  logOf(pod: RelayPod): string;
  linesOf(pod: RelayPod): LogLine[];
  /** People type and ask for their machines, until it is disposed of. */
  keepWorking(): Disposable;
};
type LogLine = { event: string; level: string; pod: string } & Record<string, unknown>;

export async function observedCluster(): Promise<Observed> {
  const traces = await TraceCollector.start();
  const env = { METRICS_PORT: '0', LOG_LEVEL: 'trace', OTEL_EXPORTER_OTLP_ENDPOINT: traces.endpoint };
  const cluster = await startCluster({ pods: 2, env });
  cluster.stack.use(traces);
  const logOf = (pod: RelayPod) => pod.process.stdout + pod.process.stderr;
  const linesOf = (pod: RelayPod) =>
    pod.process.stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  try {
    const addresses = new Map(
      cluster.pods.map((pod) => [pod, linesOf(pod).find(({ event }) => event === 'listening')?.metrics as string]),
    );
    await cluster.startAgent(cluster.pod(0).url);
    const [here, there] = [cluster.person(cluster.pod(0).url), cluster.person(cluster.pod(1).url)];
    const { id: machineId } = cluster.machine;
    const command = `stty -echo; read x; head -c ${BULK} /dev/zero | tr '\\0' z; printf ${PRINTED}; exec cat`;
    const { id: session } = await there.start(machineId, { name: 'bulk', command: 'sh', args: ['-c', command] });
    const viewers = [here, there].map((person) =>
      person.look(machineId, session, { mode: 'stream' }),
    ) as Observed['viewers'];
    await Promise.all(viewers.map((viewer) => viewer.live()));
    viewers[1].type('\r');
    for (const viewer of viewers) await viewer.sees(PRINTED);
    await lookAsJson(cluster, session);
    await trouble(cluster);
    return {
      cluster,
      traces,
      session,
      viewers,
      metricsOf: (pod) => addresses.get(pod) as string,
      logOf,
      linesOf,
      keepWorking() {
        const timer = setInterval(() => {
          for (const viewer of viewers) viewer.type(`${TYPED}\r`);
          cluster.call('GET', '/api/machines').catch(() => {});
        }, 250);
        return { [Symbol.dispose]: () => clearInterval(timer) };
      },
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** A client of the JSON encoding, whose keystrokes are words of JSON. */
async function lookAsJson(cluster: Cluster, sessionId: string): Promise<void> {
  const socket = new WebSocket(`${cluster.pod(1).url.replace('http', 'ws')}/ws/client`);
  const seen: { type: string; data?: string }[] = [];
  socket.on('message', (data) => seen.push(JSON.parse(String(data))));
  const heard = (type: string) => until(`${type} comes`, () => seen.find((message) => message.type === type));
  await until('it opens', () => socket.readyState === WebSocket.OPEN);
  const say = (message: object) => socket.send(JSON.stringify(message));
  say({ type: 'auth', token: cluster.account.accessToken, encoding: 'json' });
  await heard('authenticated');
  say({ type: 'attach', machineId: cluster.machine.id, sessionId });
  await heard('attached');
  say({ type: 'data', sessionId, data: Buffer.from(`${TYPED}\r`).toString('base64') });
  const echoed = () =>
    seen.some(({ type, data }) => type === 'data' && Buffer.from(data ?? '', 'base64').includes(TYPED));
  const told = () => seen.map((message) => JSON.stringify(message).slice(0, 200)).join('\n');
  await until(() => `it is echoed, after\n${told()}`, echoed);
  say({ type: 'nonsense', data: TYPED });
  await heard('error');
  socket.close();
  await until('it closes', () => socket.readyState === WebSocket.CLOSED);
}

/** Wrong passwords and tokens, for people and for agents, and requests that make no sense. */
async function trouble(cluster: Cluster): Promise<void> {
  const { email } = cluster.account;
  await cluster.call('POST', '/auth/login', { email, password: PASSWORD }, null);
  await cluster.call('POST', '/auth/login', { email, password: WRONG_PASSWORD }, null);
  await cluster.call('POST', '/auth/refresh', { refreshToken: FORGED }, null);
  await cluster.call('GET', `/api/machines?token=${FORGED}`, undefined, FORGED);
  await cluster.call('POST', '/auth/register', `{"password": "${WRONG_PASSWORD}"`, null);
  const ws = cluster.pod(1).url.replace('http', 'ws');
  const refused = async (path: string, message: object) => {
    const socket = new WebSocket(`${ws}${path}`);
    socket.on('error', () => {});
    socket.on('open', () => socket.send(JSON.stringify(message)));
    await until(`${path} turns it away`, () => socket.readyState === WebSocket.CLOSED);
  };
  await refused('/ws/client', { type: 'auth', token: FORGED });
  const token = `${cluster.machine.token.slice(0, -4)}AAAA`;
  const register = { protocol: 1, epoch: Date.now(), lastEpoch: 0, instanceId: crypto.randomUUID(), agentVersion: '0' };
  await refused('/ws/agent', { type: 'register', machineName: 'box', token, ...register });
}
