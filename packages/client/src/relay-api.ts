// The relay's HTTP interface as a viewer uses it: logins and machines.
import { ERROR_CODES, type ErrorCode, HermitError, type MachineInfo, type SessionInfo } from '@hermit/protocol';
import type { User } from './connection-options.ts';

export type Tokens = { user: User; accessToken: string; refreshToken: string };
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type ShareRole = 'viewer' | 'driver';
type ShareCommon = {
  id: string;
  machineId: string;
  machineName: string;
  sessionId: string;
  role: ShareRole;
  /** Milliseconds since 1970. */
  createdAt: number;
  expiresAt: number;
};
/** `email` null: a link. */
export type GivenShare = ShareCommon & { email: string | null; linkId: string | null };
/** `session` null: its machine is offline, or it has ended. */
export type ReceivedShare = ShareCommon & { ownerEmail: string; session: SessionInfo | null };
/** `email` missing: by a link. */
export type ShareWish = { email?: string; role: ShareRole; expiresInSeconds?: number };

/** A code that somebody who is logged in has to approve; `interval`: seconds between two looks at the outcome. */
export type DeviceRequest = { code: string; link: string; secret: string; expiresAt: number; interval: number };
export type DeviceOutcome =
  | { status: 'pending'; interval: number }
  | { status: 'denied' }
  | ({ status: 'login' } & Tokens)
  | { status: 'machine'; machine: MachineInfo; token: string };
/** What a code asks for. `machineName` null: a login. */
export type DeviceQuestion = {
  machineName: string | null;
  client: string;
  address: string;
  replaces: boolean;
  /** Approving takes the password. */
  password: boolean;
};

const DEADLINE_MS = 15_000;

export class RelayApi {
  /** `http` or `https`, with the path that the relay is mounted at, and a slash at its end. */
  readonly url: string;
  private readonly fetch: Fetch;

  /** Throws a HermitError VALIDATION when this is no address. */
  constructor(url: string, fetch: Fetch) {
    this.url = relayUrl(url);
    this.fetch = fetch;
  }

  /** Where clients connect their socket. */
  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}ws/client`;
  }

  login(email: string, password: string): Promise<Tokens> {
    return this.call('POST', 'auth/login', null, { email, password });
  }

  /** `invite`: the token of an invitation, where one is needed. */
  register(email: string, password: string, invite?: string): Promise<Tokens> {
    return this.call('POST', 'auth/register', null, { email, password, ...(invite ? { invite } : {}) });
  }

  refresh(refreshToken: string): Promise<Tokens> {
    return this.call('POST', 'auth/refresh', null, { refreshToken });
  }

  /** Ends the login that the refresh token belongs to. */
  async logout(refreshToken: string): Promise<void> {
    await this.call('POST', 'auth/logout', null, { refreshToken });
  }

  async machines(accessToken: string): Promise<MachineInfo[]> {
    const { machines } = await this.call<{ machines: MachineInfo[] }>('GET', 'api/machines', accessToken);
    return machines;
  }

  /** The token is shown this once. */
  addMachine(accessToken: string, name: string): Promise<{ machine: MachineInfo; token: string }> {
    return this.call('POST', 'api/machines', accessToken, { name });
  }

  async renameMachine(accessToken: string, id: string, name: string): Promise<MachineInfo> {
    const path = `api/machines/${encodeURIComponent(id)}`;
    return (await this.call<{ machine: MachineInfo }>('PATCH', path, accessToken, { name })).machine;
  }

  async removeMachine(accessToken: string, id: string): Promise<void> {
    await this.call('DELETE', `api/machines/${encodeURIComponent(id)}`, accessToken);
  }

  /** With an e-mail address: with that user; without: by a link, whose token is shown this once. */
  share(
    accessToken: string,
    { machineId, sessionId }: { machineId: string; sessionId: string },
    wish: ShareWish,
  ): Promise<{ share: GivenShare; token?: string }> {
    return this.call('POST', `api/machines/${machineId}/sessions/${sessionId}/shares`, accessToken, wish);
  }

  shares(accessToken: string): Promise<{ received: ReceivedShare[]; given: GivenShare[] }> {
    return this.call('GET', 'api/shares', accessToken);
  }

  async acceptShare(accessToken: string, token: string): Promise<ReceivedShare> {
    return (await this.call<{ share: ReceivedShare }>('POST', 'api/shares', accessToken, { token })).share;
  }

  async withdrawShare(accessToken: string, { machineId, sessionId, id }: GivenShare): Promise<void> {
    await this.call('DELETE', `api/machines/${machineId}/sessions/${sessionId}/shares/${id}`, accessToken);
  }

  /** Gives back what was received. */
  async leaveShare(accessToken: string, id: string): Promise<void> {
    await this.call('DELETE', `api/shares/${encodeURIComponent(id)}`, accessToken);
  }

  /** Asks to be let in: for a login, or for the token of a machine of this name. */
  askForDevice(machineName?: string): Promise<DeviceRequest> {
    return this.call('POST', 'auth/device', null, machineName === undefined ? {} : { machineName });
  }

  deviceOutcome(secret: string): Promise<DeviceOutcome> {
    return this.call('POST', 'auth/device/outcome', null, { secret });
  }

  deviceQuestion(accessToken: string, code: string): Promise<DeviceQuestion> {
    return this.call('GET', `api/device/${encodeURIComponent(code)}`, accessToken);
  }

  async decideDevice(
    accessToken: string,
    code: string,
    decision: { approve: boolean; replace: boolean; password?: string },
  ): Promise<void> {
    await this.call('POST', 'api/device/approve', accessToken, { code, ...decision });
  }

  /** Throws a HermitError: that of the relay, or UNAVAILABLE when it cannot be reached or is not a relay. */
  private async call<T>(method: string, path: string, accessToken: string | null, body?: object): Promise<T> {
    const headers: Record<string, string> = {};
    if (accessToken !== null) headers.authorization = `Bearer ${accessToken}`;
    if (body) headers['content-type'] = 'application/json';
    let response: Response;
    let text: string;
    try {
      response = await this.fetch(this.url + path, {
        method,
        headers,
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      text = await response.text();
    } catch (error) {
      throw new HermitError('UNAVAILABLE', `The relay at ${this.url} cannot be reached: ${causeOf(error)}.`);
    }
    const answer = parsed(text);
    if (response.ok && (answer !== undefined || response.status === 204)) return answer as T;
    const { code, message } = (answer ?? {}) as { code?: unknown; message?: unknown };
    if (typeof code === 'string' && code in ERROR_CODES && typeof message === 'string')
      throw new HermitError(code as ErrorCode, message);
    throw new HermitError('UNAVAILABLE', `${this.url} answers ${response.status}, and not as a Hermit relay does.`);
  }
}

function relayUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  } catch {
    throw new HermitError('VALIDATION', `"${text}" is not an address; it looks like https://relay.example.org.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new HermitError(
      'VALIDATION',
      `The address of a relay begins with http:// or https://, not ${url.protocol}//.`,
    );
  if (url.username !== '' || url.password !== '')
    throw new HermitError('VALIDATION', 'The address of a relay has no user name or password in it.');
  url.search = url.hash = '';
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${DEADLINE_MS / 1000} s`;
  const { cause } = error;
  if (cause instanceof Error) return cause.message || ((cause as { code?: string }).code ?? cause.name);
  return error.message;
}
