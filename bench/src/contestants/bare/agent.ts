// The agent of the bare relay: one frame per PTY read, and no other feature.
import { type IPty, spawn } from 'node-pty';
import { WebSocket } from 'ws';
import { answerOrders } from '../../machine/answers.ts';
import { END, frame, INPUT, payloadOf, START, sessionOf } from './wire.ts';

const sessions = new Map<number, IPty>();
const socket = new WebSocket(process.argv[2] ?? '', { perMessageDeflate: false });

socket.on('message', (message: Buffer, isBinary: boolean) => {
  if (!isBinary) {
    answerOrders({}, () => undefined);
    return;
  }
  const session = sessionOf(message);
  if (message[0] === START) start(session, payloadOf(message).toString());
  // node-pty writes Buffers as they are; its types of this release name strings alone.
  else if (message[0] === INPUT) sessions.get(session)?.write(payloadOf(message));
  else if (message[0] === END) sessions.get(session)?.kill('SIGHUP');
});

function start(session: number, program: string): void {
  const pty = spawn('/bin/sh', ['-c', program], { cols: 80, rows: 24, encoding: null });
  sessions.set(session, pty);
  // With `encoding: null` the data are Buffers, whatever the types say.
  pty.onData((data) => socket.send(frame(0, session, data as unknown as Buffer)));
  pty.onExit(() => sessions.delete(session));
}
