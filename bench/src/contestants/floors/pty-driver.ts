// Viewers of the plain PTY: each owns its program.
import { spawn } from 'node-pty';
import type { ViewerDriver } from '../../load/driver.ts';

export const driver: ViewerDriver<object> = {
  async open(_options, program, onOutput) {
    const pty = spawn('/bin/sh', ['-c', program], { cols: 80, rows: 24, encoding: null });
    // With `encoding: null` the data are Buffers, whatever the types say.
    pty.onData((data) => onOutput(data as unknown as Buffer));
    let over = false;
    const exited = new Promise<void>((resolve) => {
      pty.onExit(() => {
        over = true;
        resolve();
      });
    });
    return {
      ref: {},
      write: (bytes) => {
        if (!over) pty.write(bytes);
      },
      leave: () => exited,
    };
  },
};
