// The bytes of every frame, as the table of SPEC.md has them: whoever changes one breaks agents and clients in the field.
import { expect, it, test } from 'vitest';
import {
  ackFrame,
  FRAME,
  frameAttachment,
  frameAttempt,
  frameCols,
  framePayload,
  framePosition,
  frameRound,
  frameRows,
  frameSession,
  frameType,
  HEADER,
  inputAckFrame,
  inputFrame,
  isFor,
  outputFrame,
  readAck,
  snapshotFrame,
  snapshotId,
  snapshotIndex,
  snapshotTotal,
} from './frames.ts';
import { uuidBytes } from './uuid.ts';

const SESSION = '00112233-4455-6677-8899-aabbccddeeff';
const ATTACHMENT = 'fedcba98-7654-3210-0f1e-2d3c4b5a6978';
const session = uuidBytes(SESSION);
const attachment = uuidBytes(ATTACHMENT);
const size = { cols: 132, rows: 43 };
const to = { attachment, attempt: 0x01020304, round: 0x05060708 };
/** Above 32 bits. */
const OFFSET = 0x0001_0203_0405_0607;
const hi = Uint8Array.of(0x68, 0x69);

const S = '00112233445566778899aabbccddeeff';
const A = 'fedcba98765432100f1e2d3c4b5a6978';
const P = '0001020304050607';

const output = outputFrame(session, OFFSET, size, 2, null);
output.set(hi, HEADER[FRAME.output]);
const addressed = outputFrame(session, OFFSET, size, 2, to);
addressed.set(hi, HEADER[FRAME.addressed]);
const snapshot = snapshotFrame(session, OFFSET, size, to, { id: 0x0a0b0c0d, index: 0x0102, total: 0x0304, bytes: hi });

// type, flags, reserved; session; and so on, field by field.
const GOLDEN: [name: keyof typeof FRAME, frame: Uint8Array, hex: string][] = [
  ['output', output, `01 00 0000 ${S} ${P} 0084 002b 6869`],
  ['addressed', addressed, `02 00 0000 ${S} ${P} 0084 002b ${A} 01020304 05060708 6869`],
  ['snapshot', snapshot, `03 00 0000 ${S} ${P} 0084 002b ${A} 01020304 05060708 0a0b0c0d 0102 0304 6869`],
  ['input', inputFrame(session, attachment, 7, OFFSET, hi, false), `04 00 0000 ${S} ${P} ${A} 00000007 6869`],
  ['input', inputFrame(session, attachment, 7, OFFSET, hi, true), `04 01 0000 ${S} ${P} ${A} 00000007 6869`],
  [
    'ack',
    ackFrame(session, attachment, 7, { offset: OFFSET, snapshot: 9, chunks: 3, ended: true }),
    `05 03 0000 ${S} ${P} ${A} 00000007 00000009 0003 0000`,
  ],
  [
    'ack',
    ackFrame(session, attachment, 7, { offset: null, snapshot: 9, chunks: 3, ended: false }),
    `05 00 0000 ${S} 0000000000000000 ${A} 00000007 00000009 0003 0000`,
  ],
  ['inputAck', inputAckFrame(session, attachment, 7, OFFSET, false), `06 00 0000 ${S} ${P} ${A} 00000007`],
  ['inputAck', inputAckFrame(session, attachment, 7, OFFSET, true), `06 01 0000 ${S} ${P} ${A} 00000007`],
];

it.each(GOLDEN)('%s', (name, frame, hex) => {
  expect(Buffer.from(frame).toString('hex')).toBe(hex.replaceAll(' ', ''));
  expect(frameType(frame)).toBe(FRAME[name]);
  expect(frameSession(frame)).toBe(SESSION);
  if (name !== 'output') expect(frameAttachment(frame)).toBe(ATTACHMENT);
});

test('every type is among them', () => {
  expect(new Set(GOLDEN.map(([name]) => name))).toEqual(new Set(Object.keys(FRAME)));
});

test('what was written is read', () => {
  expect([framePosition(output), frameCols(output), frameRows(output)]).toEqual([OFFSET, 132, 43]);
  expect([frameAttempt(addressed), frameRound(addressed)]).toEqual([to.attempt, to.round]);
  expect([snapshotId(snapshot), snapshotIndex(snapshot), snapshotTotal(snapshot)]).toEqual([
    0x0a0b0c0d, 0x0102, 0x0304,
  ]);
  expect(framePayload(snapshot)).toEqual(hi);
  for (const consumed of [
    { offset: OFFSET, snapshot: 0xffff_ffff, chunks: 0xffff, ended: true },
    { offset: 0, snapshot: 0, chunks: 0, ended: false },
    { offset: null, snapshot: 1, chunks: 1, ended: false },
  ])
    expect(readAck(ackFrame(session, attachment, 1, consumed))).toEqual(consumed);
});

test('bytes that are no frame have no type (FRAME-1)', () => {
  for (const [, frame] of GOLDEN) {
    const header = HEADER[frame[0] as number] as number;
    expect(frameType(frame.subarray(0, header))).not.toBe(0);
    expect(frameType(frame.subarray(0, header - 1)), 'shorter than its header').toBe(0);
    const longer = Buffer.concat([frame, new Uint8Array(1)]);
    expect(frameType(longer) === 0, 'longer than its header').toBe(
      header === frame.length && (frame[0] as number) > FRAME.input,
    );
    for (const type of [0, 7, 255]) expect(frameType(Uint8Array.of(type, ...frame.subarray(1)))).toBe(0);
    const far = frame.slice();
    far[21] = 0x20; // 2^53
    expect(frameType(far), 'an offset that is no exact number').toBe(0);
  }
  expect(frameType(new Uint8Array(0))).toBe(0);
});

test('whom a frame is for shows without a string, in each type that names somebody', () => {
  for (const [name, frame] of GOLDEN) {
    if (name === 'output') continue;
    expect(isFor(frame, ATTACHMENT)).toBe(true);
    for (let at = 0; at < ATTACHMENT.length; at++) {
      if (ATTACHMENT[at] === '-') continue;
      const other = `${ATTACHMENT.slice(0, at)}${ATTACHMENT[at] === '0' ? '1' : '0'}${ATTACHMENT.slice(at + 1)}`;
      expect(isFor(frame, other)).toBe(false);
    }
  }
});
