// What is logged and traced of the two things that people wait for, a view of a session and a new session; and that a
// session has ended.
import {
  type AgentToRelay,
  HermitError,
  type MessageOf,
  type RelayToAgent,
  type RelayToClient,
} from '@hermit/protocol';
import type { Surroundings } from './pod-parts.ts';

type Journal = Pick<Surroundings, 'clock' | 'log' | 'observer'>;
type Attach = MessageOf<RelayToAgent, 'attach'>;

/** How an attach ended: answered, refused with a code, or nobody waits any longer. Only the first call counts. */
export type AttachEnded = (how: 'attached' | 'abandoned' | { code: string }) => void;

export function attachAsked(pod: Journal, connection: string, machine: string, attach: Attach): AttachEnded {
  const { userId: user, sessionId: session, clientId: attachment, attempt, mode, readOnly } = attach;
  const about = { connection, machine, session, attachment };
  pod.log('attach_asked', { ...about, user, attempt, mode, readOnly });
  const since = pod.clock.monotonic();
  const span = pod.observer.span?.('attach', connection);
  span?.set('hermit.session', session);
  let over = false;
  return (how) => {
    if (over) return;
    over = true;
    if (how === 'attached') {
      pod.log('attached', { ...about, attempt, ms: Math.round(pod.clock.monotonic() - since) });
      span?.end();
    } else if (how === 'abandoned') span?.end('abandoned');
    else {
      pod.log('attach_refused', { ...about, code: how.code });
      span?.end(how.code);
    }
  };
}

export function sessionAsked(
  pod: Journal,
  about: { connection: string; user: string; machine: string; request: string },
): (answer: RelayToClient | HermitError) => void {
  const { user, ...rest } = about;
  pod.log('session_asked', about);
  const since = pod.clock.monotonic();
  const span = pod.observer.span?.('create_session', about.connection);
  return (answer) => {
    if (answer instanceof HermitError) {
      pod.log('session_failed', { ...rest, code: answer.code });
      span?.end(answer.code);
    } else if (answer.type === 'session_created') {
      pod.log('session_created', {
        ...about,
        session: answer.session.id,
        ms: Math.round(pod.clock.monotonic() - since),
      });
      span?.end();
    }
  };
}

/** Views end by the tip (CU-7); this is for whoever asks later why a terminal was gone. */
export function sessionEnded(
  pod: Pick<Journal, 'log'>,
  connection: string,
  machine: string,
  { sessionId: session, exitCode, signal }: MessageOf<AgentToRelay, 'session_ended'>,
): void {
  pod.log('session_ended', { connection, machine, session, exitCode, signal });
}
