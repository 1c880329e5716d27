// An account, its machines with their agents, and its viewers, all of them outside the cluster and through its ingress.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { HermitClient, Login, RelayApi, type TokenStore, type Tokens } from '@hermit/client';
import { systemClock } from '@hermit/transport';
import { dialWs } from '@hermit/transport/node';
import { root } from './tools.ts';
import { until } from './wait.ts';

export type Machine = { id: string; name: string; agent: ChildProcess };

export class Account {
  readonly relay: string;
  /** Shared by all viewers, one change at a time: a refresh token works once. */
  private tokens: Tokens | null;
  private changing: Promise<unknown> = Promise.resolve();
  private readonly clients: HermitClient[] = [];
  private readonly machines: Machine[] = [];

  private constructor(relay: string, tokens: Tokens) {
    this.relay = relay;
    this.tokens = tokens;
  }

  /** Makes an account. The ingress controller may not know of the relay yet. */
  static async register(relay: string, email: string, password: string): Promise<Account> {
    const api = new RelayApi(relay, fetch);
    const tokens = await until('the account can be made', () => api.register(email, password), { seconds: 30 });
    return new Account(relay, tokens);
  }

  private store(): TokenStore {
    return {
      read: async () => this.tokens,
      change: (change) => {
        const turn = this.changing.then(async () => {
          this.tokens = await change(this.tokens);
          return this.tokens;
        });
        this.changing = turn.catch(() => {});
        return turn;
      },
    };
  }

  async addMachine(name: string): Promise<{ machine: { id: string }; token: string }> {
    const api = new RelayApi(this.relay, fetch);
    const accessToken = await new Login(api, this.store(), systemClock).accessToken();
    if (accessToken === null) throw new Error('the login has ended');
    return api.addMachine(accessToken, name);
  }

  /** Adds a machine, and starts its agent as a process of this one. */
  async startMachine(name: string): Promise<Machine> {
    const { machine, token } = await this.addMachine(name);
    const main = join(root, 'services', 'agent', 'src', 'main.ts');
    const args = ['--conditions=@hermit/source', main, 'run', '--relay', this.relay, '--name', name];
    const agent = spawn(process.execPath, args, {
      env: { ...process.env, HERMIT_MACHINE_TOKEN: token, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const started = { id: machine.id, name, agent };
    this.machines.push(started);
    return started;
  }

  async connect(): Promise<HermitClient> {
    const client = new HermitClient({
      relay: this.relay,
      store: this.store(),
      fetch,
      dial: dialWs(),
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      clientName: 'kubernetes-test',
    });
    this.clients.push(client);
    await client.connected(30_000, systemClock);
    return client;
  }

  /** A viewer on another pod than `pod`: the ingress deals them round. */
  async connectElsewhere(pod: string): Promise<HermitClient> {
    for (let tries = 0; tries < 20; tries++) {
      const client = await this.connect();
      const { state } = client.connection;
      if (state.name === 'live' && state.pod !== pod) return client;
      client.close();
    }
    throw new Error(`20 connections through the ingress all went to ${pod}`);
  }

  /** What listing machines says, by name. */
  async online(): Promise<Set<string>> {
    const client = await this.connect();
    try {
      return new Set((await client.machines()).filter(({ online }) => online).map(({ name }) => name));
    } finally {
      client.close();
    }
  }

  async leave(): Promise<void> {
    for (const client of this.clients) client.close();
    for (const { agent } of this.machines) {
      if (agent.exitCode !== null || agent.signalCode !== null) continue;
      agent.kill('SIGTERM');
      await once(agent, 'exit');
    }
  }
}
