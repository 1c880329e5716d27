// Viewers of the WebSocket echo: there is no program, so they say themselves that it is ready.
import { WebSocket } from 'ws';
import type { ViewerDriver } from '../../load/driver.ts';
import { READY_BYTE } from '../../programs/programs.ts';

export const driver: ViewerDriver<{ url: string }> = {
  open({ url }, _program, onOutput) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('message', (message: Buffer) => onOutput(message));
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => {
        onOutput(Buffer.from([READY_BYTE]));
        resolve({
          ref: {},
          write: (bytes) => socket.send(bytes),
          leave: async () => socket.terminate(),
        });
      });
    });
  },
};
