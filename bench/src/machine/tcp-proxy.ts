// A process between a pod and its Redis that can be frozen: nothing passes in either direction, and no socket closes.
import { connect, createServer, type Socket } from 'node:net';
import { answerOrders } from './answers.ts';

export type ProxyOrder = { do: 'freeze' } | { do: 'thaw' };

const target = new URL(process.argv[2] ?? '');
const sockets = new Set<Socket>();
let frozen = false;

const server = createServer((near) => {
  const far = connect(Number(target.port || 6379), target.hostname);
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(from);
    from.setNoDelay(true);
    if (frozen) from.pause();
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!frozen) from.resume();
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }
});

function handle(order: ProxyOrder): void {
  frozen = order.do === 'freeze';
  for (const socket of sockets) {
    if (frozen) socket.pause();
    else socket.resume();
  }
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  answerOrders({ port: typeof address === 'object' && address ? address.port : 0 }, handle);
});
