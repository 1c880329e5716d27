// Enrolment without a password: shows a code, waits until somebody approves it, and gets the machine's token.
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from '../token.ts';

/** Milliseconds that the relay has for one answer. */
const DEADLINE = 15_000;

export type EnrolOptions = {
  /** Address of the relay, http:// or https://. */
  relay: string;
  name: string;
  agentVersion: string;
  /** For people. */
  say: (line: string) => void;
};

type Asked = { code: string; link: string; secret: string; expiresAt: number; interval: number };
type Outcome = { status: 'pending'; interval: number } | { status: 'denied' } | { status: 'machine'; token: string };
type Answer = { status: number; body: { code?: string; message?: string } };

/** The token. Throws a SetupError when nobody approves it, or the relay refuses. */
export async function enrol({ relay, name, agentVersion, say }: EnrolOptions): Promise<string> {
  const post = (path: string, body: object) => ask(new URL(path, slashed(relay)), body, `hermit-agent/${agentVersion}`);
  const asked = good<Asked>(await post('auth/device', { machineName: name }));
  say(`To let this machine in as “${name}”, open`);
  say(`  ${asked.link}`);
  say(`or, where you are logged in, run: hermit approve ${asked.code}`);
  let seconds = asked.interval;
  while (Date.now() < asked.expiresAt + 30_000) {
    await delay(seconds * 1000);
    const answer = await post('auth/device/outcome', { secret: asked.secret }).catch(() => null);
    // A pod that is away, or asked too often: the code is still good.
    if (answer === null || answer.status === 429 || answer.status === 503) {
      seconds = Math.min(seconds * 2, 30);
      continue;
    }
    if (answer.status === 404) break;
    const outcome = good<Outcome>(answer);
    if (outcome.status === 'machine') return outcome.token;
    if (outcome.status === 'denied') throw new SetupError('the code was refused');
    seconds = outcome.interval;
  }
  throw new SetupError('nobody approved the code in time: begin anew');
}

async function ask(url: URL, body: object, userAgent: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': userAgent },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(DEADLINE),
  }).catch((error: Error) => {
    const why = (error.cause as Error | undefined)?.message || error.message;
    throw new SetupError(`${url.origin} cannot be reached: ${why}`);
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) as Answer['body'] };
  } catch {
    throw new SetupError(`${url.origin} answers ${response.status}, and not as a Hermit relay does`);
  }
}

function good<T>({ status, body }: Answer): T {
  if (status < 300) return body as T;
  throw new SetupError(`the relay refused: ${body.message ?? `HTTP ${status}`}`);
}

function slashed(relay: string): string {
  const url = relay.replace(/^ws/, 'http');
  return url.endsWith('/') ? url : `${url}/`;
}
