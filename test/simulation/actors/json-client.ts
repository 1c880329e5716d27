// A ten-line script as a viewer: JSON encoding, no acknowledgements, no repeats; it connects again and goes on from
// the byte it has.
import type { RelayToClient } from '@hermit/protocol';
import type { Dial, Socket } from '@hermit/transport';
import { MACHINE } from '../world/sim-store.ts';
import { Process, type World } from '../world/world.ts';
import type { Viewer } from './sim-client.ts';
import { byteAt, type SessionTruth } from './truth.ts';

export class JsonClient implements Viewer {
  readonly name: string;
  readonly process: Process;
  truth: SessionTruth | null = null;
  final = '';
  quit = false;
  offline = false;
  stuck = false;
  private position = 0;
  private socket: Socket | null = null;
  private serial = 0;
  private readonly world: World;
  private readonly dial: (client: JsonClient) => Dial;

  constructor(world: World, dial: (client: JsonClient) => Dial, serial: number) {
    this.world = world;
    this.dial = dial;
    this.name = `script${serial}`;
    this.process = new Process(world, this.name);
  }

  begin(truth: SessionTruth): void {
    this.truth = truth;
    this.connect();
  }

  private connect(): void {
    if (this.final || this.quit) return;
    const { world, process } = this;
    const clock = process.clock();
    const serial = ++this.serial;
    let heard = world.now;
    this.dial(this)(
      'client',
      {
        text: (text) => {
          heard = world.now;
          if (serial === this.serial) this.message(JSON.parse(text) as RelayToClient);
        },
        binary: () => world.fail('S1', `${this.name}: a binary frame for a JSON client`),
        close: () => {
          if (serial !== this.serial) return;
          this.serial++;
          this.socket = null;
          clock.after(world.int(20, 400), () => this.connect());
        },
      },
      (socket) => {
        this.socket = socket;
        socket.sendText(JSON.stringify({ type: 'auth', token: 'client', encoding: 'json' }));
        const watch = () => {
          if (this.socket !== socket || this.final) return;
          if (world.now - heard > 4_500) socket.terminate();
          else clock.after(500, watch);
        };
        watch();
      },
    );
  }

  private message(m: RelayToClient): void {
    const { world, truth } = this;
    if (!truth || this.final) return;
    const sessionId = truth.id;
    if (m.type === 'ping') this.socket?.sendText('{"type":"pong"}');
    else if (m.type === 'authenticated') {
      this.socket?.sendText(JSON.stringify({ type: 'attach', machineId: MACHINE, sessionId, from: this.position }));
    } else if (m.type === 'history_lost') this.position = m.first;
    else if (m.type === 'draining') this.socket?.terminate();
    else if (m.type === 'data') {
      if (m.offset !== this.position) world.fail('S1', `${this.name}: offset ${m.offset} after ${this.position}`);
      for (const byte of Buffer.from(m.data, 'base64')) {
        if (byte !== byteAt(truth.salt, this.position)) world.fail('S1', `${this.name}: wrong byte ${this.position}`);
        this.position++;
      }
    } else if (m.type === 'session_ended') {
      if (this.position !== truth.end) world.fail('S1', `${this.name}: ended at ${this.position} of ${truth.end}`);
      this.final = 'ended';
      this.socket?.close(1000, 'done');
    } else if (
      m.type === 'error' &&
      m.code !== 'MACHINE_OFFLINE' &&
      m.code !== 'DRAINING' &&
      m.code !== 'UNAVAILABLE'
    ) {
      if (!truth.gone) world.fail('S4', `${this.name} was told ${m.code}, but its session lives`);
      this.final = m.code;
    }
  }

  leave(): void {
    this.quit = true;
    this.socket?.terminate();
    this.process.kill();
  }

  missing(): string {
    if (!this.truth) return 'S4: has not begun';
    if (this.truth.gone) return this.final ? '' : 'S4: waits for a session that is gone';
    return this.final ? '' : `S1: (json) is at ${this.position} of ${this.truth.end}`;
  }
}
