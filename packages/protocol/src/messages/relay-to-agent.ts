// What a relay says to an agent. The pod that serves the client stamps who asks and what they may; agents trust
// pods in this, and nobody else can reach them.
import { Type } from 'typebox';
import type { AnyOf } from '../parse.ts';
import {
  AttachMode,
  AttachmentRef,
  Cols,
  Epoch,
  ErrorCodeSchema,
  Offset,
  PodId,
  PodRequest,
  Rows,
  Serial,
  SizePolicy,
  StartOptions,
  Uuid,
} from './common.ts';

/** The client's connection, for logs alone: the same id on the pods that the request passes, and in the agent's log. */
const ConnectionId = Type.Optional(Type.String({ maxLength: 64 }));

export const RelayToAgent = {
  registered: Type.Object({
    type: Type.Literal('registered'),
    success: Type.Boolean(),
    protocol: Type.Integer(),
    machineId: Type.Optional(Uuid),
    pod: Type.Optional(PodId),
    /** The epoch that was asked for, so that an answer is matched to its question (OWN-1). */
    epoch: Type.Optional(Epoch),
    error: Type.Optional(
      Type.Object({
        code: ErrorCodeSchema,
        message: Type.String(),
        /** OWN-6: what is stored; the agent goes above it. */
        storedEpoch: Type.Optional(Epoch),
      }),
    ),
  }),
  ping: Type.Object({ type: Type.Literal('ping') }),
  pong: Type.Object({ type: Type.Literal('pong') }),
  /** The pod is leaving: connect elsewhere, then let go. */
  draining: Type.Object({ type: Type.Literal('draining'), withinMs: Type.Integer({ minimum: 0 }) }),
  /** The fence of this handover has passed this pod's subscription (DRAIN-1). */
  fence_passed: Type.Object({ type: Type.Literal('fence_passed'), epoch: Epoch }),
  /** OWN-2: a later epoch is registered; this connection closes soon. */
  superseded: Type.Object({ type: Type.Literal('superseded'), otherInstance: Type.Boolean() }),
  /** OWN-7: presence has lost what runs on the machine: it is to be told again. */
  announce: Type.Object({ type: Type.Literal('announce') }),
  /** MSG-1: something that the agent has said was not understood, or came at the wrong time. */
  error: Type.Object({ type: Type.Literal('error'), code: ErrorCodeSchema, message: Type.String() }),

  list_sessions: Type.Object({ type: Type.Literal('list_sessions'), ...PodRequest }),
  /** IN-3: deduplicated by `requestId`, which the pod has made unique to the user. */
  start_session: Type.Object({
    type: Type.Literal('start_session'),
    ...PodRequest,
    userId: Uuid,
    connectionId: ConnectionId,
    ...StartOptions.properties,
  }),
  kill_session: Type.Object({
    type: Type.Literal('kill_session'),
    ...PodRequest,
    sessionId: Uuid,
    signal: Type.Optional(Type.String({ pattern: '^SIG[A-Z0-9]{2,10}$' })),
  }),
  attach: Type.Object({
    type: Type.Literal('attach'),
    ...AttachmentRef,
    pod: PodId,
    userId: Uuid,
    connectionId: ConnectionId,
    readOnly: Type.Boolean(),
    mode: AttachMode,
    /** The next byte the client needs; null: it has nothing and wants a screen. */
    from: Type.Union([Offset, Type.Null()]),
    cols: Type.Optional(Cols),
    rows: Type.Optional(Rows),
    /** Input the client knows to be applied; the agent refuses to go back behind it (IN-2). */
    inputFrom: Offset,
  }),
  detach: Type.Object({ type: Type.Literal('detach'), ...AttachmentRef }),
  /** CU-5: a catch-up request; a round that was begun already is ignored. */
  catch_up: Type.Object({
    type: Type.Literal('catch_up'),
    ...AttachmentRef,
    round: Serial,
    from: Type.Union([Offset, Type.Null()]),
    /** An incomplete snapshot, and how many of its chunks are there (CU-6). */
    snapshot: Type.Union([Type.Object({ id: Serial, have: Serial }), Type.Null()]),
  }),
  tip_request: Type.Object({ type: Type.Literal('tip_request'), sessionId: Uuid }),
  resize: Type.Object({ type: Type.Literal('resize'), ...AttachmentRef, cols: Cols, rows: Rows }),
  /** Take over as driver. */
  drive: Type.Object({ type: Type.Literal('drive'), ...AttachmentRef }),
  set_size_policy: Type.Object({
    type: Type.Literal('set_size_policy'),
    ...AttachmentRef,
    sizePolicy: SizePolicy,
    cols: Type.Optional(Cols),
    rows: Type.Optional(Rows),
  }),
} as const;

export type RelayToAgent = AnyOf<typeof RelayToAgent>;
/** Messages that reach the agent from any pod, over the machine's channel. */
export type MachineMessage = Exclude<
  RelayToAgent,
  { type: 'registered' | 'ping' | 'pong' | 'draining' | 'fence_passed' | 'superseded' | 'announce' | 'error' }
>;
