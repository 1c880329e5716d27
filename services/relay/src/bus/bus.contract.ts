// What every bus must do, whatever carries it. Run by bus.contract.test.ts on each adapter.
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Bus, Listener } from './bus.ts';

type BusWorld = AsyncDisposable & {
  /** What channels begin with: worlds do not meet. */
  prefix: string;
  /** A pod on this bus, once it works. */
  join(): Promise<Bus>;
};

const DEADLINE = { timeout: 10_000, interval: 5 };
const text = (message: Buffer) => message.toString();

/** Subscribes, and waits for the confirmation. */
export function subscribed(bus: Bus, channel: string, listener: Listener): Promise<void> {
  return new Promise((resolve) => bus.subscribe(channel, listener, resolve));
}

export function published(bus: Bus, channel: string, message: Uint8Array | string): Promise<number | null> {
  return new Promise((resolve) => bus.publish(channel, message, resolve));
}

/** A machine's channel: two of one machine share a shard. */
function machineChannels(world: BusWorld): { machine: string; session: string } {
  const machine = `${world.prefix}machine:{${randomUUID()}}`;
  return { machine, session: `${machine}:session:${randomUUID()}` };
}

export function busContract(name: string, start: () => Promise<BusWorld>): void {
  describe(`bus: ${name}`, () => {
    test('carries messages to every pod that listens, its own too, and counts them', async () => {
      await using world = await start();
      const [one, other, third] = [await world.join(), await world.join(), await world.join()];
      const { machine } = machineChannels(world);
      const heard: string[] = [];
      await subscribed(one, machine, (message) => heard.push(`one ${text(message)}`));
      await subscribed(other, machine, (message) => heard.push(`other ${text(message)}`));
      const counted = await published(one, machine, 'hello');
      // A cluster counts what the shard of the publisher knows; all listeners are on it.
      expect(counted).toBe(2);
      expect(await published(third, machine, 'again')).toBe(2);
      await vi.waitFor(() => expect(heard).toHaveLength(4), DEADLINE);
      expect(heard.sort()).toEqual(['one again', 'one hello', 'other again', 'other hello']);
    });

    test('tells a publisher that nobody listens', async () => {
      await using world = await start();
      const bus = await world.join();
      expect(await published(bus, machineChannels(world).session, 'anybody?')).toBe(0);
    });

    test('keeps the order of one publisher, over both channels of a machine', async () => {
      await using world = await start();
      const [from, to] = [await world.join(), await world.join()];
      const { machine, session } = machineChannels(world);
      const heard: number[] = [];
      await subscribed(to, machine, (message) => heard.push(Number(text(message))));
      await subscribed(to, session, (message) => heard.push(message.readUInt32BE(0)));
      const count = 3_000;
      for (let n = 0; n < count; n++) {
        if (n % 3 === 0) from.publish(machine, `${n}`);
        else {
          // Below and above the size from which a message is written without a copy.
          const message = Buffer.alloc(n % 3 === 1 ? 100 : 9_000);
          message.writeUInt32BE(n);
          from.publish(session, message);
        }
        if (n % 500 === 0) await new Promise(setImmediate);
      }
      await vi.waitFor(() => expect(heard).toHaveLength(count), DEADLINE);
      expect(heard).toEqual(Array.from({ length: count }, (_, n) => n));
    });

    test('tells one listener of many channels which of them it was', async () => {
      await using world = await start();
      const [from, to] = [await world.join(), await world.join()];
      const heard: string[] = [];
      const listener: Listener = (message, channel) => void heard.push(`${channel} ${text(message)}`);
      const channels = [machineChannels(world), machineChannels(world)].flatMap(({ machine, session }) => [
        machine,
        session,
      ]);
      for (const channel of channels) await subscribed(to, channel, listener);
      for (const [n, channel] of channels.entries()) from.publish(channel, `${n}`);
      const all = channels.map((channel, n) => `${channel} ${n}`).sort();
      await vi.waitFor(() => expect([...heard].sort()).toEqual(all), DEADLINE);
    });

    test.each([0, 1, 4_096, 4_097, 65_536, 200_000])('carries %i bytes of every value unharmed', async (size) => {
      await using world = await start();
      const [from, to] = [await world.join(), await world.join()];
      const { session } = machineChannels(world);
      const heard: Buffer[] = [];
      await subscribed(to, session, (message) => heard.push(Buffer.from(message)));
      // A view into a larger buffer, as frames are.
      const whole = Uint8Array.from({ length: size + 20 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
      const message = whole.subarray(10, 10 + size);
      expect(await published(from, session, message)).toBe(1);
      expect(await published(from, session, Buffer.from(message))).toBe(1);
      await vi.waitFor(() => expect(heard).toHaveLength(2), DEADLINE);
      for (const each of heard) expect(each.equals(message)).toBe(true);
    });

    test('carries text as UTF-8', async () => {
      await using world = await start();
      const bus = await world.join();
      const { machine } = machineChannels(world);
      const heard: string[] = [];
      await subscribed(bus, machine, (message) => heard.push(text(message)));
      bus.publish(machine, 'größer — 終端 🐚 \r\n\0');
      bus.publish(machine, '');
      await vi.waitFor(() => expect(heard).toHaveLength(2), DEADLINE);
      expect(heard).toEqual(['größer — 終端 🐚 \r\n\0', '']);
    });

    test('hears everything that is published after the confirmation, each message once', async () => {
      await using world = await start();
      const [from, to] = [await world.join(), await world.join()];
      for (let round = 0; round < 50; round++) {
        const { session } = machineChannels(world);
        const heard: string[] = [];
        await subscribed(to, session, (message) => heard.push(text(message)));
        expect(await published(from, session, `${round}`)).toBe(1);
        await vi.waitFor(() => expect(heard).toEqual([`${round}`]), DEADLINE);
      }
    });

    test('never calls back inside the call', async () => {
      await using world = await start();
      const bus = await world.join();
      const { machine } = machineChannels(world);
      let inside = false;
      const calls: string[] = [];
      const call = (name: string) => () => {
        expect(inside).toBe(false);
        calls.push(name);
      };
      const within = (run: () => void) => {
        inside = true;
        run();
        inside = false;
      };
      within(() => bus.subscribe(machine, call('message'), call('confirmed')));
      await vi.waitFor(() => expect(calls).toEqual(['confirmed']), DEADLINE);
      within(() => bus.publish(machine, 'x', call('done')));
      await vi.waitFor(() => expect(calls).toHaveLength(3), DEADLINE);
      within(() => bus.subscribe(machine, call('message'), call('confirmed')));
      await vi.waitFor(() => expect(calls).toHaveLength(4), DEADLINE);
      await bus.close();
      within(() => bus.publish(machine, 'x', call('dropped')));
      await vi.waitFor(() => expect(calls).toHaveLength(5), DEADLINE);
    });

    test('has one listener for each channel: a second call replaces it', async () => {
      await using world = await start();
      const bus = await world.join();
      const { machine } = machineChannels(world);
      const heard: string[] = [];
      await subscribed(bus, machine, () => heard.push('first'));
      await subscribed(bus, machine, () => heard.push('second'));
      expect(await published(bus, machine, 'x')).toBe(1);
      await vi.waitFor(() => expect(heard).toEqual(['second']), DEADLINE);
    });

    test('hears nothing after unsubscribing, and is not confirmed either', async () => {
      await using world = await start();
      const bus = await world.join();
      const { machine, session } = machineChannels(world);
      const heard: string[] = [];
      bus.subscribe(
        session,
        () => heard.push('unwanted'),
        () => heard.push('confirmed'),
      );
      bus.unsubscribe(session);
      await subscribed(bus, machine, () => heard.push('message'));
      bus.unsubscribe(machine);
      await vi.waitFor(async () => expect(await published(bus, machine, 'x')).toBe(0), DEADLINE);
      expect(await published(bus, session, 'x')).toBe(0);
      expect(heard).toEqual([]);
    });

    test('can leave and come back to a channel in one breath', async () => {
      await using world = await start();
      const bus = await world.join();
      const { machine } = machineChannels(world);
      const heard: string[] = [];
      for (let round = 0; round < 20; round++) {
        bus.subscribe(machine, () => heard.push(`old ${round}`));
        if (round % 2) await new Promise(setImmediate);
        bus.unsubscribe(machine);
      }
      await subscribed(bus, machine, (message) => heard.push(text(message)));
      expect(await published(bus, machine, 'x')).toBe(1);
      await vi.waitFor(() => expect(heard).toEqual(['x']), DEADLINE);
    });

    test('holds a thousand channels', async () => {
      await using world = await start();
      const [from, to] = [await world.join(), await world.join()];
      const channels = Array.from({ length: 1_000 }, () => machineChannels(world).machine);
      const heard = new Set<string>();
      await Promise.all(channels.map((channel) => subscribed(to, channel, (message) => heard.add(text(message)))));
      for (const channel of channels) from.publish(channel, channel);
      await vi.waitFor(() => expect(heard.size).toBe(channels.length), DEADLINE);
    });

    test('a pod that has closed neither hears nor publishes', async () => {
      await using world = await start();
      const [from, to] = [await world.join(), await world.join()];
      const { machine } = machineChannels(world);
      const heard: string[] = [];
      await subscribed(to, machine, () => heard.push('message'));
      await to.close();
      expect(to.publishing).toBe(false);
      expect(await published(to, machine, 'x')).toBe(null);
      await vi.waitFor(async () => expect(await published(from, machine, 'x')).toBe(0), DEADLINE);
      expect(heard).toEqual([]);
    });
  });
}
