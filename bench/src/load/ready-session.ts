// Opens a session and waits until its program has put the terminal into raw mode and said so.
import { READY_BYTE } from '../programs/programs.ts';
import { within } from './deadline.ts';
import type { DriverAt, Viewing } from './driver.ts';
import { viewerDriver } from './loaded-driver.ts';

const OPEN_MS = 15_000;
const INTERRUPT = Buffer.from([0x03]);

/** A session whose program is ready; what it printed after READY_BYTE goes to `onOutput`. */
export async function openReady(at: DriverAt, program: string, onOutput: (chunk: Buffer) => void): Promise<Viewing> {
  const driver = await viewerDriver(at);
  let ready = false;
  let announce: () => void = () => undefined;
  const announced = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const opened = driver.open(at.options, program, (chunk) => {
    if (ready) {
      onOutput(chunk);
      return;
    }
    if (chunk[0] !== READY_BYTE) throw new Error(`The program said ${JSON.stringify(chunk.toString('latin1', 0, 80))}`);
    ready = true;
    announce();
    if (chunk.length > 1) onOutput(chunk.subarray(1));
  });
  const viewing = await within(OPEN_MS, 'Opening a session', opened);
  await within(OPEN_MS, 'The start of a program', announced);
  return viewing;
}

/** Ends the program by Ctrl-C and leaves. */
export async function interrupt(viewing: Viewing): Promise<void> {
  viewing.write(INTERRUPT);
  await viewing.leave();
}
