// What a client says to a relay.
import { Type } from 'typebox';
import type { AnyOf } from '../parse.ts';
import { AttachMode, Cols, Offset, RequestId, Rows, Serial, SizePolicy, StartOptions, Token, Uuid } from './common.ts';

const Request = { requestId: Type.Optional(RequestId) };

export const ClientToRelay = {
  auth: Type.Object({
    type: Type.Literal('auth'),
    token: Token,
    /** `json`: terminal bytes as base64 in `data`, and the pod acknowledges. */
    encoding: Type.Optional(Type.Union([Type.Literal('binary'), Type.Literal('json')])),
    /** Missing means 1. */
    protocol: Type.Optional(Type.Integer()),
    client: Type.Optional(Type.String({ maxLength: 128 })),
    ...Request,
  }),
  /** A fresh access token on the open socket. */
  renew: Type.Object({ type: Type.Literal('renew'), token: Token, ...Request }),
  list_machines: Type.Object({ type: Type.Literal('list_machines'), ...Request }),
  list_sessions: Type.Object({ type: Type.Literal('list_sessions'), machineId: Uuid, ...Request }),
  /** Repeating a request with its `requestId` starts nothing twice (IN-3). */
  create_session: Type.Object({
    type: Type.Literal('create_session'),
    machineId: Uuid,
    ...Request,
    ...StartOptions.properties,
  }),
  kill_session: Type.Object({
    type: Type.Literal('kill_session'),
    machineId: Uuid,
    sessionId: Uuid,
    signal: Type.Optional(Type.String({ pattern: '^SIG[A-Z0-9]{2,10}$' })),
    ...Request,
  }),
  attach: Type.Object({
    type: Type.Literal('attach'),
    machineId: Uuid,
    sessionId: Uuid,
    /** The attachment's id, kept across reconnects; the pod makes one when it is missing. */
    clientId: Type.Optional(Uuid),
    /** CU-3: greater with every attach of this attachment. */
    attempt: Type.Optional(Serial),
    mode: Type.Optional(AttachMode),
    /** Next byte wanted; missing or null: a screen, or for `stream` the first byte that is in history. */
    from: Type.Optional(Type.Union([Offset, Type.Null()])),
    readOnly: Type.Optional(Type.Boolean()),
    cols: Type.Optional(Cols),
    rows: Type.Optional(Rows),
    inputFrom: Type.Optional(Offset),
    ...Request,
  }),
  detach: Type.Object({ type: Type.Literal('detach'), sessionId: Uuid, ...Request }),
  /** Input of a `json` client; without `offset` it follows what was sent before on this socket. */
  data: Type.Object({
    type: Type.Literal('data'),
    sessionId: Uuid,
    offset: Type.Optional(Offset),
    data: Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' }),
  }),
  resize: Type.Object({ type: Type.Literal('resize'), sessionId: Uuid, cols: Cols, rows: Rows }),
  drive: Type.Object({ type: Type.Literal('drive'), sessionId: Uuid }),
  set_size_policy: Type.Object({
    type: Type.Literal('set_size_policy'),
    sessionId: Uuid,
    sizePolicy: SizePolicy,
    cols: Type.Optional(Cols),
    rows: Type.Optional(Rows),
  }),
  ping: Type.Object({ type: Type.Literal('ping') }),
  pong: Type.Object({ type: Type.Literal('pong') }),
} as const;

export type ClientToRelay = AnyOf<typeof ClientToRelay>;
