// Shapes that several messages share.
import { type Static, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { UUID_PATTERN } from '../uuid.ts';

export const Uuid = Type.String({ pattern: UUID_PATTERN });
/** An offset, a position or a count of bytes: an exact number. */
export const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Attempts, rounds, markers, snapshot ids. */
export const Serial = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
/** Milliseconds since 1970. */
export const Timestamp = Type.Integer({ minimum: 0 });
export const Cols = Type.Integer({ minimum: 1, maximum: LIMITS.columns });
export const Rows = Type.Integer({ minimum: 1, maximum: LIMITS.rows });
/** Chosen by who asks; the reply or the error repeats it. */
export const RequestId = Type.String({ minLength: 1, maxLength: 128 });
/** A request between a pod and a machine: a client's whole id, and whose it is (IN-3). */
export const PodRequestId = Type.String({ minLength: 1, maxLength: 192 });
export const Name = Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });
/**
 * A name that is given now, which terminals will print: no control characters, and nothing that turns the direction of
 * what follows. Names of before are read as they are.
 */
export const GivenName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*$',
});
/** The id of a relay pod; it is part of channel names. */
export const PodId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' });
export const Epoch = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const Token = Type.String({ minLength: 1, maxLength: 4096 });

/** Whose size counts: who typed last, the smallest, the driver's, or none's. */
export const SizePolicy = Type.Union([
  Type.Literal('latest'),
  Type.Literal('smallest'),
  Type.Literal('driver'),
  Type.Literal('fixed'),
]);
export type SizePolicy = Static<typeof SizePolicy>;

/** `screen`: a snapshot, then live. `stream`: every byte from an offset. */
export const AttachMode = Type.Union([Type.Literal('screen'), Type.Literal('stream')]);
export type AttachMode = Static<typeof AttachMode>;

export const MachineInfo = Type.Object({
  id: Uuid,
  name: Name,
  online: Type.Boolean(),
  /** Null: never seen. */
  lastSeen: Type.Union([Timestamp, Type.Null()]),
  sessionCount: Type.Integer({ minimum: 0 }),
});
export type MachineInfo = Static<typeof MachineInfo>;

/** How a program ended. `exitCode` is null when a signal ended it, or when nobody can know. */
export const Exit = Type.Object({
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  signal: Type.Union([Type.Integer(), Type.Null()]),
});
export type Exit = Static<typeof Exit>;

export const SessionInfo = Type.Object({
  id: Uuid,
  name: Name,
  /** The program and its arguments, as a person would read it. */
  command: Type.String({ maxLength: 4096 }),
  createdAt: Timestamp,
  attachedClients: Type.Integer({ minimum: 0 }),
  cols: Cols,
  rows: Rows,
  sizePolicy: SizePolicy,
  /** Window title that the program set. */
  title: Type.Optional(Type.String({ maxLength: 256 })),
  /** There once the program has ended. */
  exit: Type.Optional(Exit),
});
export type SessionInfo = Static<typeof SessionInfo>;

/** Who looks at what, as presence shows it. */
export const AttachmentInfo = Type.Object({
  id: Uuid,
  sessionId: Uuid,
  userId: Uuid,
  pod: PodId,
  since: Timestamp,
  readOnly: Type.Boolean(),
});
export type AttachmentInfo = Static<typeof AttachmentInfo>;

export const ErrorCodeSchema = Type.Unsafe<ErrorCode>(Type.String({ enum: Object.keys(ERROR_CODES) }));

/** What can be asked of a new session; the agent fills in what is missing. */
export const StartOptions = Type.Object({
  name: Type.Optional(GivenName),
  /** The program; the user's shell when it is missing. */
  command: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
  args: Type.Optional(Type.Array(Type.String({ maxLength: 32_768 }), { maxItems: 1024 })),
  cwd: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
  env: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }), Type.String({ maxLength: 32_768 })),
  ),
  cols: Type.Optional(Cols),
  rows: Type.Optional(Rows),
  sizePolicy: Type.Optional(SizePolicy),
});
export type StartOptions = Static<typeof StartOptions>;

/** Names one attachment, and which attempt of it (CU-3). `clientId` is the attachment's id, chosen by the client. */
export const AttachmentRef = { sessionId: Uuid, clientId: Uuid, attempt: Serial };
/** Names a request and the pod that waits for its reply. */
export const PodRequest = { requestId: PodRequestId, pod: PodId };
