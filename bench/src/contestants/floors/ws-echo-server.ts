// A WebSocket server that sends back what it gets.
import { WebSocketServer } from 'ws';
import { answerOrders } from '../../machine/answers.ts';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (message: Buffer) => socket.send(message));
});
server.on('listening', () => {
  const address = server.address();
  answerOrders({ port: typeof address === 'object' && address ? address.port : 0 }, () => undefined);
});
