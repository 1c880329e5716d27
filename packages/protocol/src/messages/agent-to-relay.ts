// What an agent says to a relay. Messages with a `sessionId` alone travel on the session's channel, in order with
// its frames; those with a `pod` go to that pod.
import { type Static, Type } from 'typebox';
import type { AnyOf, MessageOf } from '../parse.ts';
import {
  AttachmentInfo,
  AttachmentRef,
  Cols,
  Epoch,
  ErrorCodeSchema,
  Exit,
  Name,
  Offset,
  PodId,
  PodRequest,
  PodRequestId,
  Rows,
  Serial,
  SessionInfo,
  SizePolicy,
  Token,
  Uuid,
} from './common.ts';

/** Where an attachment stands, in order with the data (CU-2). */
export const Position = Type.Object({
  attempt: Serial,
  round: Serial,
  live: Type.Boolean(),
  /** Serial of the last marker (CU-10). */
  marker: Serial,
  /** Bytes sent so far; null while a snapshot is being sent. */
  sent: Type.Union([Offset, Type.Null()]),
  snapshot: Serial,
  /** Snapshot chunks sent so far. */
  chunks: Serial,
});
export type Position = Static<typeof Position>;

/** Messages that travel on a session's channel, in order with its frames. */
export const SessionMessage = {
  attached: Type.Object({
    type: Type.Literal('attached'),
    ...AttachmentRef,
    /** Input of this attachment applied so far (IN-2). */
    inputOffset: Offset,
    readOnly: Type.Boolean(),
    cols: Cols,
    rows: Rows,
    sizePolicy: SizePolicy,
    driver: Type.Union([Uuid, Type.Null()]),
    /** First offset that is still in history, and the end. */
    first: Offset,
    end: Offset,
  }),
  /** From this offset on the attachment gets the shared frames. */
  live: Type.Object({
    type: Type.Literal('live'),
    ...AttachmentRef,
    round: Serial,
    marker: Serial,
    offset: Offset,
  }),
  /** FL-1: out of its window; from this offset on it gets addressed frames. */
  catching_up: Type.Object({
    type: Type.Literal('catching_up'),
    ...AttachmentRef,
    round: Serial,
    marker: Serial,
    offset: Offset,
  }),
  /** The bytes before `first` are gone (CU-11). */
  history_lost: Type.Object({
    type: Type.Literal('history_lost'),
    ...AttachmentRef,
    round: Serial,
    first: Offset,
  }),
  /** CU-1, CU-2, CU-7, CU-9: the end, the size, the exit, who drives, and where each attachment stands. */
  tip: Type.Object({
    type: Type.Literal('tip'),
    sessionId: Uuid,
    end: Offset,
    cols: Cols,
    rows: Rows,
    sizePolicy: SizePolicy,
    driver: Type.Union([Uuid, Type.Null()]),
    exit: Type.Optional(Exit),
    positions: Type.Record(Uuid, Position),
  }),
  /** CU-4: no such attachment; attach anew. */
  unknown_attachment: Type.Object({ type: Type.Literal('unknown_attachment'), ...AttachmentRef }),
  /** An attach that cannot be: no such session, too many attachments, an id of somebody else. */
  attach_refused: Type.Object({
    type: Type.Literal('attach_refused'),
    ...AttachmentRef,
    code: ErrorCodeSchema,
    message: Type.String({ maxLength: 1024 }),
  }),
} as const;
export type SessionMessage = AnyOf<typeof SessionMessage>;

export const AgentToRelay = {
  /** The introduction. The agent chooses the epoch (OWN-1), greater with each attempt. */
  register: Type.Object({
    type: Type.Literal('register'),
    machineName: Name,
    token: Token,
    protocol: Type.Integer(),
    epoch: Epoch,
    /** The greatest epoch this process has held; 0 at first. Who was superseded while away learns it here (OWN-6). */
    lastEpoch: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    /** One agent process (OWN-6). */
    instanceId: Uuid,
    agentVersion: Type.String({ maxLength: 64 }),
  }),
  /** The agent now sends through this connection; interest moves here (DRAIN-2). */
  current: Type.Object({ type: Type.Literal('current'), interest: Type.Array(Uuid, { maxItems: 1024 }) }),
  /** To the connection that is being left: let everything of yours pass, then say so (DRAIN-1). */
  flush: Type.Object({ type: Type.Literal('flush'), epoch: Epoch }),
  /** With `pod`: the answer to `list_sessions`. Without: what presence shall show. */
  sessions: Type.Object({
    type: Type.Literal('sessions'),
    requestId: Type.Optional(PodRequestId),
    pod: Type.Optional(PodId),
    sessions: Type.Array(SessionInfo, { maxItems: 1024 }),
    attachments: Type.Optional(Type.Array(AttachmentInfo, { maxItems: 65_536 })),
  }),
  session_started: Type.Object({ type: Type.Literal('session_started'), ...PodRequest, session: SessionInfo }),
  /** A request that could not be carried out. */
  request_failed: Type.Object({
    type: Type.Literal('request_failed'),
    ...PodRequest,
    code: ErrorCodeSchema,
    message: Type.String({ maxLength: 1024 }),
  }),
  /** A request that has no other answer was carried out. */
  request_done: Type.Object({ type: Type.Literal('request_done'), ...PodRequest }),
  /** A program has ended; for the relay's log. What ends a view is the tip (CU-7). */
  session_ended: Type.Object({ type: Type.Literal('session_ended'), sessionId: Uuid, ...Exit.properties }),
  /** For operators, every 10 s while there is something to say. */
  stats: Type.Object({
    type: Type.Literal('stats'),
    /** Programs that wait now, for their viewers or for their own screen. */
    ptysPaused: Type.Integer({ minimum: 0, maximum: 65_536 }),
    /** How long programs have waited since the last of these, added up; milliseconds. */
    pausedMs: Type.Integer({ minimum: 0, maximum: 1e9 }),
  }),
  ping: Type.Object({ type: Type.Literal('ping') }),
  pong: Type.Object({ type: Type.Literal('pong') }),

  ...SessionMessage,
} as const;

export type AgentToRelay = AnyOf<typeof AgentToRelay>;
/** Messages that travel to the pod which asked. */
export type PodReply = MessageOf<AgentToRelay, 'sessions' | 'session_started' | 'request_failed' | 'request_done'>;
