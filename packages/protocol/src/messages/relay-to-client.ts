// What a relay says to a client.
import { Type } from 'typebox';
import type { AnyOf } from '../parse.ts';
import {
  AttachmentRef,
  Cols,
  ErrorCodeSchema,
  Exit,
  MachineInfo,
  Offset,
  PodId,
  RequestId,
  Rows,
  Serial,
  SessionInfo,
  SizePolicy,
  Timestamp,
  Uuid,
} from './common.ts';

const Reply = { requestId: Type.Optional(RequestId) };
const Driver = Type.Union([Uuid, Type.Null()]);

export const RelayToClient = {
  authenticated: Type.Object({
    type: Type.Literal('authenticated'),
    protocol: Type.Integer(),
    user: Type.Object({ id: Uuid, email: Type.String() }),
    pod: PodId,
    /** When the access token ends; `renew` before. */
    expiresAt: Timestamp,
    ...Reply,
  }),
  /** The access token ends soon: `renew`. */
  renewal_due: Type.Object({ type: Type.Literal('renewal_due'), expiresAt: Timestamp }),
  machines: Type.Object({ type: Type.Literal('machines'), machines: Type.Array(MachineInfo), ...Reply }),
  /** Presence of one machine has changed; unasked. */
  machine_changed: Type.Object({ type: Type.Literal('machine_changed'), machine: MachineInfo }),
  machine_removed: Type.Object({ type: Type.Literal('machine_removed'), machineId: Uuid }),
  /** What this user may do has changed: a session was shared with them, or is no more; unasked. */
  rights_changed: Type.Object({
    type: Type.Literal('rights_changed'),
    machineId: Uuid,
    /** Missing: all of the machine's. */
    sessionId: Type.Optional(Uuid),
  }),
  sessions: Type.Object({
    type: Type.Literal('sessions'),
    machineId: Uuid,
    sessions: Type.Array(SessionInfo),
    ...Reply,
  }),
  session_created: Type.Object({
    type: Type.Literal('session_created'),
    machineId: Uuid,
    session: SessionInfo,
    ...Reply,
  }),
  session_killed: Type.Object({
    type: Type.Literal('session_killed'),
    machineId: Uuid,
    sessionId: Uuid,
    ...Reply,
  }),
  attached: Type.Object({
    type: Type.Literal('attached'),
    machineId: Uuid,
    ...AttachmentRef,
    inputOffset: Offset,
    readOnly: Type.Boolean(),
    cols: Cols,
    rows: Rows,
    sizePolicy: SizePolicy,
    /** The attachment that answers terminal queries. */
    driver: Driver,
    first: Offset,
    end: Offset,
    ...Reply,
  }),
  detached: Type.Object({
    type: Type.Literal('detached'),
    sessionId: Uuid,
    /** There when nobody asked for it. */
    code: Type.Optional(ErrorCodeSchema),
    message: Type.Optional(Type.String()),
    ...Reply,
  }),
  /** Output for a `json` client. */
  data: Type.Object({ type: Type.Literal('data'), sessionId: Uuid, offset: Offset, data: Type.String() }),
  /** Input of a `json` client applied so far. */
  input_ack: Type.Object({
    type: Type.Literal('input_ack'),
    sessionId: Uuid,
    offset: Offset,
    gap: Type.Boolean(),
  }),
  history_lost: Type.Object({
    type: Type.Literal('history_lost'),
    ...AttachmentRef,
    first: Offset,
  }),
  /** What the client needs of the agent's tip; always answered by an ack (CU-1). */
  tip: Type.Object({
    type: Type.Literal('tip'),
    sessionId: Uuid,
    attempt: Serial,
    end: Offset,
    cols: Cols,
    rows: Rows,
    sizePolicy: SizePolicy,
    driver: Driver,
    exit: Type.Optional(Exit),
  }),
  /** CU-4: the agent does not know this attachment; attach anew with a greater attempt. */
  unknown_attachment: Type.Object({ type: Type.Literal('unknown_attachment'), ...AttachmentRef }),
  /** The program has ended and every byte before was sent. */
  session_ended: Type.Object({
    type: Type.Literal('session_ended'),
    machineId: Uuid,
    sessionId: Uuid,
    ...Exit.properties,
  }),
  ping: Type.Object({ type: Type.Literal('ping') }),
  pong: Type.Object({ type: Type.Literal('pong') }),
  draining: Type.Object({ type: Type.Literal('draining'), withinMs: Type.Integer({ minimum: 0 }) }),
  error: Type.Object({
    type: Type.Literal('error'),
    code: ErrorCodeSchema,
    message: Type.String(),
    sessionId: Type.Optional(Uuid),
    ...Reply,
  }),
} as const;

export type RelayToClient = AnyOf<typeof RelayToClient>;
