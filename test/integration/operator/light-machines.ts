// Many machines without programs: agents of one WebSocket each, which register, answer pings, and come back if told to.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { issueMachineToken } from '../../../services/relay/src/accounts/machine-token.ts';
import type { Cluster, Machine, RelayPod } from '../kit/cluster.ts';
import { until } from '../kit/wait.ts';

/** How many dial at once. */
const AT_ONCE = 100;

export class LightMachine implements Disposable {
  readonly machine: Machine;
  registeredAt: string | null = null;
  private socket: WebSocket | undefined;
  private readonly instanceId = randomUUID();
  private lastEpoch = 0;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  connect(pod: RelayPod): Promise<unknown> {
    const { name: machineName, token } = this.machine;
    const socket = new WebSocket(`${pod.url.replace('http', 'ws')}/ws/agent`);
    this.socket = socket;
    const epoch = Math.max(Date.now(), this.lastEpoch + 1);
    const { instanceId, lastEpoch } = this;
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket === socket) this.registeredAt = null;
    });
    socket.on('open', () => {
      const register = {
        type: 'register',
        protocol: 1,
        machineName,
        token,
        epoch,
        lastEpoch,
        instanceId,
        agentVersion: 'light',
      };
      socket.send(JSON.stringify(register));
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; success?: boolean };
      if (message.type === 'ping') socket.send('{"type":"pong"}');
      if (message.type !== 'registered' || !message.success) return;
      this.lastEpoch = epoch;
      this.registeredAt = pod.id;
      socket.send('{"type":"current","interest":[]}');
    });
    return until(`${machineName} registers at ${pod.id}`, () => this.registeredAt === pod.id, 30_000);
  }

  [Symbol.dispose](): void {
    this.socket?.terminate();
  }
}

/** Straight into the database: as the HTTP side would, one by one. */
export async function lightMachines(cluster: Cluster, count: number): Promise<LightMachine[]> {
  const sql = postgres(cluster.databaseUrl as string, { max: 1, onnotice: () => {} });
  const made = Array.from({ length: count }, (_, n) => {
    const id = randomUUID();
    return { id, name: `light-${String(n).padStart(4, '0')}`, ...issueMachineToken(id) };
  });
  const rows = made.map(({ id, name, hash }) => ({ id, name, token_hash: hash, user_id: cluster.account.userId }));
  try {
    await sql`insert into machines ${sql(rows)}`;
  } finally {
    await sql.end();
  }
  return made.map(({ id, name, token }) => new LightMachine({ id, name, token }));
}

export async function connectAll(machines: readonly LightMachine[], pod: RelayPod): Promise<void> {
  for (let at = 0; at < machines.length; at += AT_ONCE) {
    await Promise.all(machines.slice(at, at + AT_ONCE).map((machine) => machine.connect(pod)));
  }
}
