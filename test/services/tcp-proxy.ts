// A TCP proxy with the faults of networks: cut connections, and connections that stay open and carry nothing.
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy implements AsyncDisposable {
  private readonly target: () => number | undefined;
  private readonly server: Server;
  private readonly pairs = new Set<[near: Socket, far: Socket]>();
  private silent = false;
  /** Connections taken so far. */
  accepted = 0;

  /** `target`: the port that a new connection goes to; undefined: none is taken. */
  protected constructor(target: () => number | undefined) {
    this.target = target;
    this.server = createServer((near) => this.take(near));
  }

  static async to(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(() => target);
    await proxy.listen();
    return proxy;
  }

  protected async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  private take(near: Socket): void {
    this.accepted++;
    const target = this.target();
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = createConnection(target, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    this.carry(near, far);
  }

  /** Both ways. What is said while silent is lost, as behind a firewall that forgot the connection. */
  protected carry(near: Socket, far: Socket): void {
    near.on('data', (data) => this.silent || far.write(data));
    far.on('data', (data) => this.silent || near.write(data));
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** Connections stay open, new ones are accepted, and nothing comes through. */
  silence(): void {
    this.silent = true;
  }

  /** Connections that are open now fall silent, for ever; new ones work. `ports`: as the server sees them. */
  silenceOpen(ports?: readonly number[]): void {
    for (const [near, far] of this.chosen(ports)) {
      near.removeAllListeners('data').resume();
      far.removeAllListeners('data').resume();
    }
  }

  /** Nothing more is read from the server, until `read`: what it sends piles up there. */
  stall(ports?: readonly number[]): void {
    for (const [, far] of this.chosen(ports)) far.pause();
  }

  read(): void {
    for (const [, far] of this.pairs) far.resume();
  }

  speak(): void {
    this.silent = false;
  }

  /** Drops every connection. */
  cut(): void {
    for (const pair of this.pairs) for (const socket of pair) this.drop(socket);
  }

  protected drop(socket: Socket): void {
    socket.destroy();
  }

  private chosen(ports: readonly number[] | undefined): [near: Socket, far: Socket][] {
    return [...this.pairs].filter(([, far]) => !ports || ports.includes(far.localPort ?? 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    this.cut();
    await once(this.server, 'close');
  }
}
