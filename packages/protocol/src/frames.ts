// Binary frames: terminal bytes, and the messages as frequent as they are. SPEC.md, FRAME-1 to FRAME-4, draws them.
//
// A relay reads the header alone and forwards the very bytes it got. Every frame begins with 20 bytes:
// type u8, flags u8, reserved u16, session id (16 bytes). Integers are big-endian.
import { isUuidAt, uuidAt } from './uuid.ts';

export const FRAME = {
  /** Output for every live attachment of the session. */
  output: 1,
  /** Output for one attachment that is catching up. */
  addressed: 2,
  /** One chunk of a snapshot, for one attachment. */
  snapshot: 3,
  /** Keystrokes of one attachment. */
  input: 4,
  /** What one attachment has consumed. */
  ack: 5,
  /** How much input of one attachment the agent has applied. */
  inputAck: 6,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** Length of the header, by frame type; the payload follows. */
export const HEADER = [0, 32, 56, 64, 48, 56, 48] as const;

/** `input`: the bytes are a terminal's reply to a query, not typed by a person. */
export const FLAG_REPLY = 1;
/** `ack`: the offset is there (a screen that has painted nothing has none). */
export const FLAG_HAS_OFFSET = 1;
/** `ack`: the end of the session, its exit included, has been seen. */
export const FLAG_ENDED = 2;
/** `inputAck`: bytes before those that arrived are missing; resend from the position. */
export const FLAG_GAP = 1;

const SESSION = 4;
const POSITION = 20;
const COLS = 28;
const ROWS = 30;
const OUT_ATTACHMENT = 32;
const OUT_ATTEMPT = 48;
const OUT_ROUND = 52;
const SNAPSHOT_ID = 56;
const SNAPSHOT_INDEX = 60;
const SNAPSHOT_TOTAL = 62;
const IN_ATTACHMENT = 28;
const IN_ATTEMPT = 44;
const ACK_SNAPSHOT = 48;
const ACK_CHUNKS = 52;

function put16(b: Uint8Array, at: number, v: number): void {
  b[at] = (v >>> 8) & 255;
  b[at + 1] = v & 255;
}
function put32(b: Uint8Array, at: number, v: number): void {
  b[at] = (v >>> 24) & 255;
  b[at + 1] = (v >>> 16) & 255;
  b[at + 2] = (v >>> 8) & 255;
  b[at + 3] = v & 255;
}
/** Offsets are below 2^53, so that they are exact numbers. */
function put64(b: Uint8Array, at: number, v: number): void {
  put32(b, at, Math.floor(v / 0x1_0000_0000));
  put32(b, at + 4, v >>> 0);
}
function get16(b: Uint8Array, at: number): number {
  return ((b[at] as number) << 8) | (b[at + 1] as number);
}
function get32(b: Uint8Array, at: number): number {
  return (
    (((b[at] as number) << 24) |
      ((b[at + 1] as number) << 16) |
      ((b[at + 2] as number) << 8) |
      (b[at + 3] as number)) >>>
    0
  );
}
function get64(b: Uint8Array, at: number): number {
  return get32(b, at) * 0x1_0000_0000 + get32(b, at + 4);
}

/** The type of a well-formed frame; 0 for bytes that are none (unknown type, or of another length than its type has). */
export function frameType(b: Uint8Array): FrameType | 0 {
  const type = b[0] as number | undefined;
  if (type === undefined || type < 1 || type > 6) return 0;
  const header = HEADER[type] as number;
  // Acknowledgements are their header alone.
  if (type === FRAME.ack || type === FRAME.inputAck ? b.length !== header : b.length < header) return 0;
  // An offset that is not an exact number is no offset.
  if ((b[POSITION] as number) !== 0 || (b[POSITION + 1] as number) > 0x1f) return 0;
  return type as FrameType;
}

// Reading: each takes a frame whose type was checked by `frameType`, and allocates at most a string.

/**
 * Texts of the ids that were seen last, each in the place that its first bytes say: mostly the frame's is there, and has been
 * looked up before, so that its hash is known.
 */
const REMEMBERED = 1024;
const remembered = () => Array<string>(REMEMBERED).fill('00000000-0000-0000-0000-000000000000');
const sessions = remembered();
const attachments = remembered();

function idAt(b: Uint8Array, at: number, known: string[]): string {
  const place = get16(b, at) % REMEMBERED;
  let text = known[place] as string;
  if (!isUuidAt(b, at, text)) {
    text = uuidAt(b, at);
    known[place] = text;
  }
  return text;
}

export const frameSession = (b: Uint8Array): string => idAt(b, SESSION, sessions);
export const frameFlags = (b: Uint8Array): number => b[1] as number;
/** Offset of the first output byte, the offset of a snapshot, or the position of the first input byte. */
export const framePosition = (b: Uint8Array): number => get64(b, POSITION);
export const frameCols = (b: Uint8Array): number => get16(b, COLS);
export const frameRows = (b: Uint8Array): number => get16(b, ROWS);
export const framePayload = (b: Uint8Array): Uint8Array => b.subarray(HEADER[b[0] as number] as number);
export const framePayloadLength = (b: Uint8Array): number => b.length - (HEADER[b[0] as number] as number);
/** Attachment (client) id of an addressed, snapshot, input, ack or inputAck frame. */
export const frameAttachment = (b: Uint8Array): string =>
  idAt(b, (b[0] as number) <= FRAME.snapshot ? OUT_ATTACHMENT : IN_ATTACHMENT, attachments);
export const frameAttempt = (b: Uint8Array): number =>
  get32(b, (b[0] as number) <= FRAME.snapshot ? OUT_ATTEMPT : IN_ATTEMPT);
export const frameRound = (b: Uint8Array): number => get32(b, OUT_ROUND);
export const snapshotId = (b: Uint8Array): number => get32(b, SNAPSHOT_ID);
export const snapshotIndex = (b: Uint8Array): number => get16(b, SNAPSHOT_INDEX);
export const snapshotTotal = (b: Uint8Array): number => get16(b, SNAPSHOT_TOTAL);
export const ackSnapshot = (b: Uint8Array): number => get32(b, ACK_SNAPSHOT);
export const ackChunks = (b: Uint8Array): number => get16(b, ACK_CHUNKS);

/** Whether a frame is for (or from) an attachment, without making a string. */
export const isFor = (b: Uint8Array, attachment: string): boolean =>
  isUuidAt(b, (b[0] as number) <= FRAME.snapshot ? OUT_ATTACHMENT : IN_ATTACHMENT, attachment);

// Writing. Ids are given as their 16 bytes, made once. Each returns a new buffer from `alloc`.

/** Where the bytes of a new frame come from; in Node `Buffer.allocUnsafeSlow` or a pool. */
export type Alloc = (length: number) => Uint8Array;
const plain: Alloc = (length) => new Uint8Array(length);

function begin(
  type: FrameType,
  flags: number,
  session: Uint8Array,
  position: number,
  payload: number,
  alloc: Alloc,
): Uint8Array {
  const b = alloc((HEADER[type] as number) + payload);
  b[0] = type;
  b[1] = flags;
  b[2] = 0;
  b[3] = 0;
  b.set(session, SESSION);
  put64(b, POSITION, position);
  return b;
}

export type Size = { cols: number; rows: number };
/** Whom an addressed frame is for: the attachment, which attempt of it, which round of catching up (CU-3, CU-5). */
export type Address = { attachment: Uint8Array; attempt: number; round: number };

/** An `output` frame (no address) or an `addressed` one, with room for `length` bytes of payload. */
export function outputFrame(
  session: Uint8Array,
  offset: number,
  size: Size,
  length: number,
  to: Address | null,
  alloc: Alloc = plain,
): Uint8Array {
  const b = begin(to ? FRAME.addressed : FRAME.output, 0, session, offset, length, alloc);
  put16(b, COLS, size.cols);
  put16(b, ROWS, size.rows);
  if (to) putAddress(b, to);
  return b;
}

function putAddress(b: Uint8Array, to: Address): void {
  b.set(to.attachment, OUT_ATTACHMENT);
  put32(b, OUT_ATTEMPT, to.attempt);
  put32(b, OUT_ROUND, to.round);
}

export function snapshotFrame(
  session: Uint8Array,
  offset: number,
  size: Size,
  to: Address,
  chunk: { id: number; index: number; total: number; bytes: Uint8Array },
  alloc: Alloc = plain,
): Uint8Array {
  const b = begin(FRAME.snapshot, 0, session, offset, chunk.bytes.length, alloc);
  put16(b, COLS, size.cols);
  put16(b, ROWS, size.rows);
  putAddress(b, to);
  put32(b, SNAPSHOT_ID, chunk.id);
  put16(b, SNAPSHOT_INDEX, chunk.index);
  put16(b, SNAPSHOT_TOTAL, chunk.total);
  b.set(chunk.bytes, HEADER[FRAME.snapshot]);
  return b;
}

export function inputFrame(
  session: Uint8Array,
  attachment: Uint8Array,
  attempt: number,
  position: number,
  bytes: Uint8Array,
  reply: boolean,
  alloc: Alloc = plain,
): Uint8Array {
  const b = begin(FRAME.input, reply ? FLAG_REPLY : 0, session, position, bytes.length, alloc);
  b.set(attachment, IN_ATTACHMENT);
  put32(b, IN_ATTEMPT, attempt);
  b.set(bytes, HEADER[FRAME.input]);
  return b;
}

/** What an attachment has consumed: bytes up to `offset` (null: nothing painted yet) and chunks of a snapshot. */
export type Consumed = { offset: number | null; snapshot: number; chunks: number; ended: boolean };

export function ackFrame(
  session: Uint8Array,
  attachment: Uint8Array,
  attempt: number,
  consumed: Consumed,
  alloc: Alloc = plain,
): Uint8Array {
  const flags = (consumed.offset === null ? 0 : FLAG_HAS_OFFSET) | (consumed.ended ? FLAG_ENDED : 0);
  const b = begin(FRAME.ack, flags, session, consumed.offset ?? 0, 0, alloc);
  b.set(attachment, IN_ATTACHMENT);
  put32(b, IN_ATTEMPT, attempt);
  put32(b, ACK_SNAPSHOT, consumed.snapshot);
  put16(b, ACK_CHUNKS, consumed.chunks);
  b[54] = 0;
  b[55] = 0;
  return b;
}

export function readAck(b: Uint8Array): Consumed {
  const flags = frameFlags(b);
  return {
    offset: flags & FLAG_HAS_OFFSET ? framePosition(b) : null,
    snapshot: ackSnapshot(b),
    chunks: ackChunks(b),
    ended: (flags & FLAG_ENDED) !== 0,
  };
}

export function inputAckFrame(
  session: Uint8Array,
  attachment: Uint8Array,
  attempt: number,
  position: number,
  gap: boolean,
  alloc: Alloc = plain,
): Uint8Array {
  const b = begin(FRAME.inputAck, gap ? FLAG_GAP : 0, session, position, 0, alloc);
  b.set(attachment, IN_ATTACHMENT);
  put32(b, IN_ATTEMPT, attempt);
  return b;
}
