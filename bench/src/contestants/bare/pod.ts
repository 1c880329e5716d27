// A pod of the bare relay: carries frames between agents and viewers, and has no other feature.
import { createServer, type IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { answerOrders } from '../../machine/answers.ts';
import { localBus, redisBus } from './bus.ts';
import { inputChannel, outputChannel, payloadOf, sessionOf } from './wire.ts';

const namespace = process.env.BARE_NAMESPACE ?? '';
const redisUrl = process.env.BARE_REDIS_URL;
const bus = redisUrl ? redisBus(redisUrl) : localBus();

const http = createServer();
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });

sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
  const url = new URL(request.url ?? '/', 'http://pod');
  const machine = url.searchParams.get('machine') ?? '';
  if (url.pathname === '/agent') agentSocket(socket, machine);
  else viewerSocket(socket, machine, Number(url.searchParams.get('session')));
});

/** Frames of the agent go to their session's channel; what is typed anywhere comes from the machine's. */
function agentSocket(socket: WebSocket, machine: string): void {
  const channels = new Map<number, string>();
  const toAgent = (message: Buffer) => socket.send(message);
  socket.on('message', (message: Buffer) => {
    const session = sessionOf(message);
    let channel = channels.get(session);
    if (channel === undefined) {
      channel = outputChannel(namespace, session);
      channels.set(session, channel);
    }
    bus.publish(channel, payloadOf(message));
  });
  socket.on('close', () => bus.unsubscribe(inputChannel(namespace, machine), toAgent));
  void bus.subscribe(inputChannel(namespace, machine), toAgent).then(() => socket.send('registered'));
}

/** One session to a socket; the frames of a viewer are already what the agent reads. */
function viewerSocket(socket: WebSocket, machine: string, session: number): void {
  const input = inputChannel(namespace, machine);
  const output = outputChannel(namespace, session);
  const toViewer = (message: Buffer) => socket.send(message);
  socket.on('message', (message: Buffer) => bus.publish(input, message));
  socket.on('close', () => bus.unsubscribe(output, toViewer));
  void bus.subscribe(output, toViewer).then(() => socket.send('attached'));
}

http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  answerOrders({ port: typeof address === 'object' && address ? address.port : 0 }, () => undefined);
});
