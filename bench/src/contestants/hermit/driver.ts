// How viewers look at Hermit from inside a load process: the client library, one connection for each viewer.
import { randomUUID } from 'node:crypto';
import { type Attachment, type AttachOptions, Connection, type View } from '@hermit/client';
import type { SessionInfo } from '@hermit/protocol';
import { systemClock } from '@hermit/transport';
import { dialWs } from '@hermit/transport/node';
import type { OnOutput, SessionRef, ViewerDriver, Viewing } from '../../load/driver.ts';
import { Login } from './login.ts';

export interface HermitViewerOptions {
  /** http: URL of the viewers' pod. */
  url: string;
  machineId: string;
  email: string;
  password: string;
}

const SIZE = { cols: 80, rows: 24 };

export const driver: ViewerDriver<HermitViewerOptions> = {
  async open(options, program, onOutput) {
    const connection = connect(options);
    const { machineId } = options;
    const command = { command: '/bin/sh', args: ['-c', program], ...SIZE };
    const session = await new Promise<SessionInfo>((resolve, reject) => {
      connection.request({ type: 'create_session', machineId, ...command }, (error, reply) =>
        reply ? resolve(reply.session) : reject(error ?? new Error('no session')),
      );
    });
    const ref = { machine: machineId, session: session.id };
    return look(connection, ref, { mode: 'stream', from: 0 }, onOutput);
  },

  /** What history holds comes first and is dropped: it is live when all of it has come. */
  attach: (options, ref, onOutput) => {
    let live = false;
    const afterwards: OnOutput = (chunk) => {
      if (live) onOutput(chunk);
    };
    return look(connect(options), ref, { mode: 'stream', from: null }, afterwards, () => {
      live = true;
    });
  },

  paint: (options, ref) => look(connect(options), ref, { mode: 'screen', size: SIZE }, () => undefined),
};

const logins = new Map<string, Login>();

function connect({ url, email, password }: HermitViewerOptions): Connection {
  const login = logins.get(url) ?? new Login(url, email, password);
  logins.set(url, login);
  const connection = new Connection({
    url: `${url.replace(/^http/, 'ws')}/ws/client`,
    dial: dialWs(),
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    token: (done) =>
      void login.token().then(
        (token) => done(token),
        () => done(undefined),
      ),
    clientName: 'bench',
  });
  connection.start();
  return connection;
}

/** Resolves when the viewer is live; in `stream` mode from the first byte, when its attach was answered. */
function look(
  connection: Connection,
  ref: SessionRef,
  options: Pick<AttachOptions, 'mode' | 'from' | 'size'>,
  onOutput: OnOutput,
  onLive: () => void = () => undefined,
): Promise<Viewing> {
  let over = false;
  return new Promise((resolve, reject) => {
    const view: View = {
      data(bytes, done) {
        onOutput(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
        done();
      },
      snapshot: (_painting, done) => done(),
      resized: () => undefined,
      status: () => undefined,
      state(state) {
        // A program may end, or print on and on, before its viewer is live.
        const begun = state === 'catching-up' && options.from === 0;
        if (!begun && state !== 'live' && state !== 'ended') return;
        onLive();
        resolve(viewing(connection, attachment, ref, () => over));
      },
      // The bytes that are missing are missed by whoever counts them.
      historyLost: () => undefined,
      ended() {
        over = true;
      },
      refused: () => undefined,
      closed: reject,
    };
    const { machine, session } = ref;
    const attachment = connection.attach({ machineId: String(machine), sessionId: String(session), view, ...options });
  });
}

function viewing(connection: Connection, attachment: Attachment, ref: SessionRef, ended: () => boolean): Viewing {
  return {
    ref,
    write(bytes) {
      // A program that has ended takes no more keys, and needs no Ctrl-C.
      if (!attachment.type(bytes) && !ended()) throw new Error('A key was refused.');
    },
    async leave() {
      attachment.detach();
      connection.close();
    },
  };
}
