// What an error says about an attachment: that it is over, that it must attach anew, or nothing that lasts.
import type { ErrorCode } from '@hermit/protocol';

/** `passing`: the attach is repeated anyway (CU-4); there is nothing to say. `refused`: the view hears of it. */
type Verdict = 'machine-offline' | 'input-lost' | 'final' | 'anew' | 'refused' | 'passing';

/** Refusals that another try does not change. */
const FINAL: ReadonlySet<string> = new Set<ErrorCode>([
  'SESSION_NOT_FOUND',
  'MACHINE_NOT_FOUND',
  'USER_NOT_FOUND',
  'FORBIDDEN',
  'ATTACHMENT_LIMIT',
  'ATTACHMENT_TAKEN',
  'ALREADY_ATTACHED',
  'HISTORY_LOST',
  'INVALID_MESSAGE',
  'PROTOCOL_VERSION',
]);
const PASSING: ReadonlySet<string> = new Set<ErrorCode>([
  'DRAINING',
  'UNAVAILABLE',
  'TIMEOUT',
  'INTERNAL',
  'RATE_LIMITED',
]);

/** `unasked`: the attachment was ended by the other side. */
export function verdictOf(code: ErrorCode, unasked: boolean): Verdict {
  if (code === 'MACHINE_OFFLINE') return 'machine-offline';
  if (code === 'INPUT_LOST') return 'input-lost';
  if (FINAL.has(code)) return 'final';
  if (code === 'NOT_ATTACHED' || (unasked && PASSING.has(code))) return 'anew';
  if (unasked) return 'final';
  return PASSING.has(code) ? 'passing' : 'refused';
}
