// A machine's token: `hmt_<id>_<secret>`. The secret is random, so a plain hash of it keeps it safe, and costs nothing.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** The id of the machine without its dashes, so that a double click selects all of it, and 32 bytes in base64url. */
const TOKEN = /^hmt_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** A new secret for a machine; `hash` is what is stored. */
export function issueMachineToken(machineId: string): { token: string; hash: Buffer } {
  const secret = randomBytes(32).toString('base64url');
  return { token: `hmt_${machineId.replaceAll('-', '')}_${secret}`, hash: sha256(secret) };
}

/** Whose token it claims to be, or null for what is no token at all. */
export function readMachineToken(token: string): { machineId: string; hash: Buffer } | null {
  const match = TOKEN.exec(token);
  if (match === null) return null;
  const [, a, b, c, d, e, secret] = match;
  return { machineId: [a, b, c, d, e].join('-'), hash: sha256(String(secret)) };
}

/** Takes the same time wherever the hashes differ. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
