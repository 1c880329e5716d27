// The frames of the bare relay: a kind, a session's number, bytes. Its pods read the number and nothing else.

/** Toward the agent: start a program, type, end. */
export const START = 0;
export const INPUT = 1;
export const END = 2;

const NUMBER_AT = 1;
const HEADER = 5;

/** One allocation and one copy per frame. */
export function frame(kind: number, session: number, payload: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(HEADER + payload.length);
  framed[0] = kind;
  framed.writeUInt32BE(session, NUMBER_AT);
  payload.copy(framed, HEADER);
  return framed;
}

export function sessionOf(framed: Buffer): number {
  return framed.readUInt32BE(NUMBER_AT);
}

/** A view, not a copy. */
export function payloadOf(framed: Buffer): Buffer {
  return framed.subarray(HEADER);
}

export function inputChannel(namespace: string, machine: string): string {
  return `${namespace}${machine}`;
}

export function outputChannel(namespace: string, session: number): string {
  return `${namespace}out:${session}`;
}
