// How viewers speak to the bare relay, from inside a load process.
import { randomInt } from 'node:crypto';
import { WebSocket } from 'ws';
import type { OnOutput, SessionRef, ViewerDriver, Viewing } from '../../load/driver.ts';
import { frame, INPUT, START } from './wire.ts';

export interface BareViewerOptions {
  /** WebSocket URL of the viewers' pod. */
  url: string;
  machine: string;
}

export const driver: ViewerDriver<BareViewerOptions> = {
  async open({ url, machine }, program, onOutput) {
    const session = randomInt(2 ** 32);
    const { socket, viewing } = await view(url, { machine, session }, onOutput);
    socket.send(frame(START, session, Buffer.from(program)));
    return viewing;
  },

  async attach({ url }, ref, onOutput) {
    return (await view(url, ref, onOutput)).viewing;
  },

  /** A bare relay has no screen to paint: it is painted when its subscription is in force. */
  async paint({ url }, ref) {
    return (await view(url, ref, () => undefined)).viewing;
  },
};

function view(url: string, ref: SessionRef, onOutput: OnOutput): Promise<{ socket: WebSocket; viewing: Viewing }> {
  const session = Number(ref.session);
  const socket = new WebSocket(`${url}/viewer?machine=${ref.machine}&session=${session}`, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', (message: Buffer, isBinary: boolean) => {
      if (isBinary) onOutput(message);
      else resolve({ socket, viewing: viewing(socket, ref, session) });
    });
  });
}

function viewing(socket: WebSocket, ref: SessionRef, session: number): Viewing {
  return {
    ref,
    write: (bytes) => socket.send(frame(INPUT, session, bytes)),
    leave: () =>
      new Promise((resolve) => {
        socket.once('close', () => resolve());
        socket.close();
      }),
  };
}
