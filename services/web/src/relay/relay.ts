// The relay as one signed-in person sees it: the connection, their machines, the sessions of each; all live.
import { type ConnectionState, HermitClient } from '@hermit/client';
import type { HermitError, MachineInfo, SessionInfo } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { dialBrowser } from '@hermit/transport/browser';
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { newId } from './browser-ids.ts';
import { BrowserTokenStore } from './token-store.ts';

/** How often the measured round trip is looked at; nothing is sent for it. Milliseconds. */
const LOOK_AT_RTT = 2_000;
/** Changes of one machine that come together are one question for its sessions. Milliseconds. */
const GATHER = 120;

export class Relay {
  readonly client: HermitClient;
  readonly connection = signal<ConnectionState>({ name: 'connecting' });
  /** When the next try is due, milliseconds since 1970; null when none is waited for. */
  readonly retryAt = signal<number | null>(null);
  /** Round-trip time to the pod, milliseconds. */
  readonly rtt = signal<number | null>(null);
  /** Null until the relay has told. */
  readonly machines = signal<readonly MachineInfo[] | null>(null);
  /** Moves whenever something was shared with this person, or is no more. */
  readonly sharesChanged = signal(0);
  readonly machinesError = signal<HermitError | null>(null);
  private readonly sessionLists = signal<ReadonlyMap<string, readonly SessionInfo[]>>(new Map());
  private readonly watched = new Map<string, number>();
  private readonly due = new Map<string, ReturnType<typeof setTimeout>>();
  private tickedAt = Date.now();
  private readonly endings: (() => void)[] = [];

  constructor(address: string = location.origin) {
    this.client = new HermitClient({
      relay: address,
      store: new BrowserTokenStore(),
      fetch: (url, init) => fetch(url, init),
      dial: dialBrowser,
      clock: systemClock,
      random: Math.random,
      newId,
      clientName: 'hermit-web',
    });
    const { connection } = this.client;
    this.endings.push(
      connection.listen({
        state: (state) => this.onState(state),
        machineChanged: (machine) => this.onMachine(machine),
        machineRemoved: (id) => this.forget(id),
        rightsChanged: () => {
          this.sharesChanged.value++;
        },
        sessionEnded: (ended) => this.look(ended.machineId),
      }),
    );
    const timer = setInterval(() => this.tick(), LOOK_AT_RTT);
    this.endings.push(() => clearInterval(timer));
    this.followTheDevice();
    connection.start();
  }

  /** Sign-in is over, or another one takes its place. */
  close(): void {
    for (const end of this.endings) end();
    for (const timer of this.due.values()) clearTimeout(timer);
    this.client.close();
  }

  machine(id: string): ReadonlySignal<MachineInfo | undefined> {
    return computed(() => this.machines.value?.find((machine) => machine.id === id));
  }

  /** The sessions of a machine; undefined until known. Kept fresh while somebody watches. */
  sessions(machineId: string): readonly SessionInfo[] | undefined {
    return this.sessionLists.value.get(machineId);
  }

  /** Keeps the list of a machine's sessions fresh, until what is returned is called. */
  watch(machineId: string): () => void {
    const watchers = this.watched.get(machineId) ?? 0;
    this.watched.set(machineId, watchers + 1);
    if (watchers === 0) this.look(machineId);
    return () => {
      const left = (this.watched.get(machineId) ?? 1) - 1;
      if (left > 0) this.watched.set(machineId, left);
      else this.watched.delete(machineId);
    };
  }

  async refreshMachines(): Promise<void> {
    try {
      const machines = await this.client.machines();
      // Pods write down now and then when a machine was last seen: its own event may have told more.
      const told = new Map(this.machines.value?.map(({ id, lastSeen }) => [id, lastSeen ?? 0]));
      const later = (m: MachineInfo) => Math.max(m.lastSeen ?? 0, told.get(m.id) ?? 0) || null;
      this.machines.value = byName(machines.map((m) => ({ ...m, lastSeen: later(m) })));
      this.machinesError.value = null;
      for (const id of this.watched.keys()) this.look(id);
    } catch (error) {
      this.machinesError.value = error as HermitError;
    }
  }

  private onState(state: ConnectionState): void {
    this.retryAt.value = state.name === 'reconnecting' ? Date.now() + state.inMs : null;
    this.connection.value = state;
    if (state.name === 'live') void this.refreshMachines();
    this.measure();
  }

  /** A computer that slept tells nobody; its timers were late. */
  private tick(): void {
    const now = Date.now();
    if (now - this.tickedAt > 3 * LOOK_AT_RTT) this.client.connection.probe();
    this.tickedAt = now;
    this.measure();
  }

  private measure(): void {
    const { rtt } = this.client.connection;
    this.rtt.value = rtt === null ? null : Math.max(1, Math.round(rtt));
  }

  private onMachine(machine: MachineInfo): void {
    const machines = this.machines.value ?? [];
    const known = machines.find(({ id }) => id === machine.id);
    // The event names the machine as its agent does, which may not know of a new name yet.
    const fresh = { ...machine, name: known?.name ?? machine.name };
    this.machines.value = byName([...machines.filter(({ id }) => id !== machine.id), fresh]);
    if (machine.online) this.look(machine.id);
  }

  private forget(id: string): void {
    this.machines.value = (this.machines.value ?? []).filter((machine) => machine.id !== id);
    this.setSessions(id, null);
  }

  /** Soon, and once for everything that asks until then. */
  private look(machineId: string): void {
    if (!this.watched.has(machineId) || this.due.has(machineId)) return;
    this.due.set(
      machineId,
      setTimeout(() => {
        this.due.delete(machineId);
        void this.ask(machineId);
      }, GATHER),
    );
  }

  private async ask(machineId: string): Promise<void> {
    if (this.machines.value?.find(({ id }) => id === machineId)?.online === false) return;
    try {
      const sessions = await this.client.sessions(machineId);
      this.setSessions(
        machineId,
        [...sessions].sort((a, b) => a.createdAt - b.createdAt),
      );
    } catch {
      // The machine is away, and its presence says so; it is asked again when that changes.
    }
  }

  private setSessions(machineId: string, sessions: readonly SessionInfo[] | null): void {
    const lists = new Map(this.sessionLists.value);
    if (sessions) lists.set(machineId, sessions);
    else lists.delete(machineId);
    this.sessionLists.value = lists;
  }

  /** Sleep, a hidden tab and a change of network are known here first. */
  private followTheDevice(): void {
    const { connection } = this.client;
    const on = (target: EventTarget, event: string, run: () => void) => {
      target.addEventListener(event, run);
      this.endings.push(() => target.removeEventListener(event, run));
    };
    on(document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible') connection.probe();
    });
    on(window, 'pageshow', () => connection.probe());
    on(document, 'resume', () => connection.probe());
    // A relay on this very device is there without any network.
    if (isLoopback(location.hostname)) return;
    on(window, 'online', () => connection.setOnline(true));
    on(window, 'offline', () => connection.setOnline(false));
    if (!navigator.onLine) connection.setOnline(false);
  }
}

function byName(machines: readonly MachineInfo[]): MachineInfo[] {
  return [...machines].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '127.0.0.1' || host === '[::1]';
}
