// A client of one relay, as the command line and the web terminal use it: promises around the connection.
import { HermitError, type MachineInfo, type SessionInfo, type StartOptions } from '@hermit/protocol';
import type { Clock, Dial, Random } from '@hermit/transport';
import type { Attachment } from './attachment.ts';
import type { AttachOptions } from './attachment-ports.ts';
import { Connection } from './connection.ts';
import { Login, type TokenStore } from './login.ts';
import { type Fetch, RelayApi } from './relay-api.ts';
import type { ReplyOf, RequestBody, RequestType } from './requests.ts';

export type HermitClientOptions = {
  /** The relay's address, `https://…`. */
  relay: string;
  store: TokenStore;
  fetch: Fetch;
  dial: Dial;
  clock: Clock;
  random: Random;
  newId: () => string;
  clientName?: string;
};

export class HermitClient {
  readonly api: RelayApi;
  readonly login: Login;
  readonly connection: Connection;
  private tokenTrouble: HermitError | null = null;

  constructor(options: HermitClientOptions) {
    const { relay, store, fetch, clock } = options;
    this.api = new RelayApi(relay, fetch);
    this.login = new Login(this.api, store, clock);
    this.connection = new Connection({
      ...options,
      url: this.api.socketUrl,
      token: (done, not) => {
        this.login.accessToken(not).then(
          (token) => {
            this.tokenTrouble = null;
            done(token);
          },
          (error: unknown) => {
            this.tokenTrouble = error instanceof HermitError ? error : new HermitError('INTERNAL', String(error));
            done(undefined);
          },
        );
      },
    });
  }

  /** An access token for HTTP. Throws NOT_AUTHENTICATED when nobody is logged in. */
  async accessToken(): Promise<string> {
    const token = await this.login.accessToken();
    if (token === null) throw new HermitError('NOT_AUTHENTICATED', 'Nobody is logged in.');
    return token;
  }

  /** Connects, and resolves once the relay knows us. Throws why not, after `withinMs` at the latest. */
  connected(withinMs: number, clock: Clock): Promise<void> {
    const { connection } = this;
    return new Promise((resolve, reject) => {
      let reason = 'no answer';
      const timer = clock.after(withinMs, () =>
        settle(
          this.tokenTrouble ??
            new HermitError('UNAVAILABLE', `The relay at ${this.api.url} cannot be reached: ${reason}.`),
        ),
      );
      const settle = (error: HermitError | null) => {
        timer.cancel();
        unlisten();
        if (error) reject(error);
        else resolve();
      };
      const look = () => {
        const { state } = connection;
        if (state.name === 'live') settle(null);
        else if (state.name === 'closed') settle(state.error);
        else if (state.name === 'reconnecting') reason = state.reason;
      };
      const unlisten = connection.listen({ state: look });
      connection.start();
      if (connection.state.name === 'live' || connection.state.name === 'closed') look();
    });
  }

  async machines(): Promise<MachineInfo[]> {
    return (await this.request({ type: 'list_machines' })).machines;
  }

  async sessions(machineId: string): Promise<SessionInfo[]> {
    return (await this.request({ type: 'list_sessions', machineId })).sessions;
  }

  async createSession(machineId: string, options: StartOptions): Promise<SessionInfo> {
    return (await this.request({ type: 'create_session', machineId, ...options })).session;
  }

  async killSession(machineId: string, sessionId: string, signal?: string): Promise<void> {
    await this.request({ type: 'kill_session', machineId, sessionId, ...(signal ? { signal } : {}) });
  }

  attach(options: AttachOptions): Attachment {
    return this.connection.attach(options);
  }

  close(): void {
    this.connection.close();
  }

  /** Rejects with the relay's error, or TIMEOUT. */
  request<T extends RequestType>(body: RequestBody<T> & { type: T }): Promise<ReplyOf<T>> {
    return new Promise((resolve, reject) => {
      this.connection.request<T>(body, (error, reply) => {
        if (error) reject(error);
        else resolve(reply as ReplyOf<T>);
      });
    });
  }
}
