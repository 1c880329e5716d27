// Shares over HTTP: what is given, what was received, and the link that carries one.
import type { SessionInfo } from '@hermit/protocol';
import { call } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';

export type Role = 'viewer' | 'driver';
type Common = {
  id: string;
  machineId: string;
  machineName: string;
  sessionId: string;
  role: Role;
  createdAt: number;
  expiresAt: number;
};
/** `email` null: a link. `linkId`: the link it was accepted from. */
export type GivenShare = Common & { email: string | null; linkId: string | null };
/** `session` null: the machine is away, or the session has ended. */
export type ReceivedShare = Common & { ownerEmail: string; session: SessionInfo | null };
type Wish = { email?: string; role: Role; expiresInSeconds: number };
export type Of = { machineId: string; sessionId: string };

const pathOf = ({ machineId, sessionId }: Of) => `/api/machines/${machineId}/sessions/${sessionId}/shares`;

export async function sharesOf(relay: Relay, of: Of): Promise<GivenShare[]> {
  const { shares } = await call<{ shares: GivenShare[] }>('GET', pathOf(of), undefined, await token(relay));
  return shares;
}

/** The token is that of a link, shown this once. */
export async function share(relay: Relay, of: Of, wish: Wish): Promise<{ share: GivenShare; token?: string }> {
  return call('POST', pathOf(of), wish, await token(relay));
}

export async function withdraw(relay: Relay, { id, ...of }: GivenShare): Promise<void> {
  await call('DELETE', `${pathOf(of)}/${id}`, undefined, await token(relay));
}

export async function received(relay: Relay): Promise<ReceivedShare[]> {
  const { received } = await call<{ received: ReceivedShare[] }>('GET', '/api/shares', undefined, await token(relay));
  return received;
}

export async function accept(relay: Relay, linkToken: string): Promise<ReceivedShare> {
  const { share } = await call<{ share: ReceivedShare }>(
    'POST',
    '/api/shares',
    { token: linkToken },
    await token(relay),
  );
  return share;
}

export async function giveBack(relay: Relay, id: string): Promise<void> {
  await call('DELETE', `/api/shares/${id}`, undefined, await token(relay));
}

/** The token stands behind the hash: it is sent to nobody when the address is opened. */
export const linkFor = (linkToken: string): string => `${location.origin}/join#${linkToken}`;

const token = (relay: Relay) => relay.client.accessToken();
