// Many machines without programs: agents of one WebSocket each, which register, answer pings, and come back if told to.
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { Cluster, Machine, RelayPod } from '../kit/cluster.ts';
import { until } from '../kit/wait.ts';

/** How many are made, or dial, at once. */
const AT_ONCE = 25;

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

export async function lightMachines(cluster: Cluster, count: number): Promise<LightMachine[]> {
  const names = Array.from({ length: count }, (_, n) => `light-${String(n).padStart(4, '0')}`);
  return (await inTurn(names, (name) => cluster.addMachine(name))).map((machine) => new LightMachine(machine));
}

export const connectAll = (machines: readonly LightMachine[], pod: RelayPod) =>
  inTurn(machines, (machine) => machine.connect(pod));

async function inTurn<T, R>(all: readonly T[], one: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    results.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(one))));
  }
  return results;
}
