// The people of the permission tables, and one machine with one session that is shared with two of them.
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type Accounts, createAccounts, type User } from '../../../services/relay/src/accounts/accounts.ts';
import { createTokenKeys } from '../../../services/relay/src/auth/token-keys.ts';
import { createTokens } from '../../../services/relay/src/auth/tokens.ts';
import { type HandAgent, type Relays, SECRET } from './relay-kit.ts';

/** `revoked`: the owner, whose login has been ended. `expired`: the owner, with a token that has run out. */
export const CALLERS = [
  ...(['nobody', 'another user', 'administrator', 'viewer', 'driver', 'owner', 'revoked', 'expired'] as const),
];
type Caller = (typeof CALLERS)[number];
export type Known = Exclude<Caller, 'nobody' | 'revoked' | 'expired'>;
/** The administrator is of the relay, and nobody to the machine. */
export const KNOWN: readonly Known[] = ['another user', 'administrator', 'viewer', 'driver', 'owner'];

type Person = User & { token: string; refreshToken: string; loginId: string };

export type Scene = {
  readonly people: Readonly<Record<Known, Person>>;
  /** An access token of each; undefined: none. */
  token(of: Caller): Promise<string | undefined>;
  readonly machine: { id: string; name: string; token: string };
  readonly agent: HandAgent;
  readonly sessionId: string;
  /** Shares of the session: that of the viewer, of the driver, and a link. */
  readonly shares: { viewer: string; driver: string; link: string };
  readonly linkToken: string;
};

const DAY = 86_400_000;

/** Users without passwords: no hash is computed, so that each row of a table has people of its own. */
export class Cast {
  readonly accounts: Accounts;
  private readonly relays: Relays;

  constructor(relays: Relays) {
    this.relays = relays;
    this.accounts = createAccounts({ sql: relays.sql, tokens: createTokens(createTokenKeys([SECRET])) });
  }

  async person(administrator = false): Promise<Person> {
    const email = `${randomUUID()}@example.org`;
    const [user] = await this.relays.sql<User[]>`
      insert into users (email, administrator) values (${email}, ${administrator}) returning id, email, administrator`;
    return this.loggedIn(user as User);
  }

  async loggedIn(user: User): Promise<Person> {
    const { accessToken: token, refreshToken } = await this.accounts.openLogin(user);
    const { sid } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as { sid: string };
    return { ...user, token, refreshToken, loginId: sid };
  }

  async scene(): Promise<Scene> {
    const each = KNOWN.map(async (who) => [who, await this.person(who === 'administrator')] as const);
    const people = Object.fromEntries(await Promise.all(each)) as Record<Known, Person>;
    const { accounts, relays } = this;
    const name = `box-${randomUUID().slice(0, 8)}`;
    const { machine, token } = await accounts.createMachine(people.owner.id, name);
    const agent = await relays.agent(0, { name, token });
    const sessionId = agent.session();
    const share = (email: string | null, role: 'viewer' | 'driver') =>
      accounts.share(people.owner.id, {
        ...{ machineId: machine.id, sessionId, email, role, expiresAt: Date.now() + DAY },
      });
    const shared = {
      viewer: await share(people.viewer.email, 'viewer'),
      driver: await share(people.driver.email, 'driver'),
      link: await share(null, 'viewer'),
    };
    return {
      people,
      machine: { id: machine.id, name, token },
      agent,
      sessionId,
      shares: { viewer: shared.viewer.share.id, driver: shared.driver.share.id, link: shared.link.share.id },
      linkToken: String(shared.link.token),
      token: async (of) => {
        if (of === 'nobody') return undefined;
        if (of === 'expired') return expired(people.owner);
        if (of !== 'revoked') return people[of].token;
        const gone = await this.loggedIn(people.owner);
        await accounts.endLogin(gone.refreshToken);
        return gone.token;
      },
    };
  }
}

function expired({ id, email, loginId }: Person): Promise<string> {
  return new SignJWT({ email, sid: loginId, iss: 'hermit-relay', aud: 'hermit-client' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) - 1)
    .sign(new TextEncoder().encode(SECRET));
}
