// What every viewer of Hermit does, in a browser and in Node.
export { Attachment } from './attachment.ts';
export type { AttachmentPorts, AttachOptions, Wire } from './attachment-ports.ts';
export { Connection } from './connection.ts';
export type {
  ConnectionEvents,
  ConnectionOptions,
  ConnectionState,
  TokenAnswer,
  User,
} from './connection-options.ts';
export { HermitClient, type HermitClientOptions } from './hermit-client.ts';
export { expiryOf, Login, type TokenStore } from './login.ts';
export { ReplySplitter, type TerminalPart } from './query-replies.ts';
export {
  type DeviceOutcome,
  type DeviceQuestion,
  type DeviceRequest,
  type Fetch,
  type GivenShare,
  type ReceivedShare,
  RelayApi,
  type ShareRole,
  type ShareWish,
  type Tokens,
} from './relay-api.ts';
export type { ReplyOf, RequestBody, RequestType } from './requests.ts';
export { type Tuning, tuningOf } from './tuning.ts';
export type { AttachmentState, Painting, SessionStatus, View } from './view.ts';
