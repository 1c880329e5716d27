// Error codes and WebSocket close codes: one table each, which docs/protocol.md repeats and a test compares.

/** Every code that an `error` message, an HTTP error or a failed `registered` may carry, and what it means. */
export const ERROR_CODES = {
  INVALID_JSON: 'The message is not JSON.',
  INVALID_MESSAGE: 'The message or frame does not have the shape of its type, or its type is unknown.',
  MESSAGE_TOO_LARGE: 'The message or frame is over the size limit.',
  NOT_AUTHENTICATED: 'The socket has not authenticated, or the request carries no valid access token.',
  ALREADY_AUTHENTICATED: 'The socket has authenticated before; use `renew`.',
  INVALID_TOKEN: 'The token is malformed, expired, revoked or of another kind.',
  INVALID_CREDENTIALS: 'The e-mail address or the password is wrong.',
  USER_NOT_FOUND: 'The account of this token no longer exists.',
  FORBIDDEN: 'The caller may not do this.',
  MACHINE_NOT_FOUND: 'There is no such machine among those the caller may see.',
  MACHINE_OFFLINE: 'No agent holds this machine at the moment.',
  MACHINE_LIMIT: 'The user owns as many machines as they may.',
  MACHINE_NAME_MISMATCH: 'The token belongs to a machine of another name.',
  SESSION_NOT_FOUND: 'There is no such session on this machine.',
  SHARE_NOT_FOUND: 'There is no such share, or it was withdrawn or has expired.',
  SHARE_LIMIT: 'The machine has as many shares as it may.',
  SESSION_LIMIT: 'The machine runs as many sessions as it may.',
  SESSION_START_FAILED: 'The agent could not start the program.',
  ATTACHMENT_LIMIT: 'The session or the socket has as many attachments as it may.',
  ATTACHMENT_TAKEN: 'This attachment id belongs to somebody else.',
  ALREADY_ATTACHED: 'This socket has another attachment of the same session.',
  NOT_ATTACHED: 'This socket has no attachment of that session.',
  HISTORY_LOST: 'Bytes before the named offset are no longer in history.',
  READ_ONLY: 'The attachment may watch, not type or resize.',
  INPUT_LOST: 'The input position of this attachment is no longer known; attach under a new id.',
  RATE_LIMITED: 'Too many requests; try again later.',
  STALE_EPOCH: 'A later connection of this machine is registered.',
  SUPERSEDED: 'Another agent process took this machine over with the same token.',
  PROTOCOL_VERSION: 'This protocol version cannot be served.',
  DRAINING: 'This pod is leaving; connect again.',
  TIMEOUT: 'The machine did not answer in time.',
  UNAVAILABLE: 'A part that this request needs is down; try again.',
  INTERNAL: 'Something failed on our side.',
  VALIDATION: 'The request does not have the expected shape.',
  UNSUPPORTED_MEDIA_TYPE: 'The body of the request is not JSON.',
  NOT_FOUND: 'There is nothing at this address.',
  DUPLICATE: 'A thing of this name exists already.',
  REGISTRATION_CLOSED: 'This relay does not take registrations of this kind.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error that is meant for the other side: `code` is stable, `message` is for people. */
export class HermitError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;
  constructor(code: ErrorCode, message: string = ERROR_CODES[code], details?: Record<string, unknown>) {
    super(message);
    this.name = 'HermitError';
    this.code = code;
    this.details = details;
  }
}

export type CloseRule = { code: number; reconnect: 'at once' | 'backoff' | 'renew' | 'never'; meaning: string };

/** WebSocket close codes, and what the closed side does next. Any other code means `backoff`. */
export const CLOSE = {
  normal: { code: 1000, reconnect: 'never', meaning: 'The other side is done.' },
  restart: { code: 1012, reconnect: 'at once', meaning: 'The pod is leaving; another one answers.' },
  tooBig: { code: 1009, reconnect: 'backoff', meaning: 'A message over the limit that could not be answered.' },
  notIntroduced: { code: 4001, reconnect: 'backoff', meaning: 'Nothing authenticated the socket in time.' },
  unauthorized: { code: 4002, reconnect: 'renew', meaning: 'The token is invalid, expired or revoked.' },
  superseded: { code: 4003, reconnect: 'never', meaning: 'Another agent process took the machine over.' },
  staleEpoch: { code: 4004, reconnect: 'at once', meaning: 'A later connection of this machine is registered.' },
  protocol: { code: 4005, reconnect: 'never', meaning: 'The protocol version cannot be served.' },
  dead: { code: 4006, reconnect: 'backoff', meaning: 'Nothing was heard for too long.' },
  flood: { code: 4007, reconnect: 'backoff', meaning: 'Too many bad or too many messages.' },
  removed: { code: 4008, reconnect: 'never', meaning: 'The machine was removed, or its token replaced.' },
} as const satisfies Record<string, CloseRule>;

export type CloseName = keyof typeof CLOSE;

/** What to do after a close, by its code. */
export function reconnectAfter(code: number): CloseRule['reconnect'] {
  for (const rule of Object.values(CLOSE)) if (rule.code === code) return rule.reconnect;
  return 'backoff';
}
