// `--history`: how much output an agent keeps for each session.
import { LIMITS } from '@hermit/protocol';
import { InvalidArgumentError } from 'commander';

const UNITS: Record<string, number> = { '': 1, k: 1024, M: 1024 * 1024 };
/** Bytes; less would be lost in any reconnect under load, and all sessions share `historyTotal`. */
const LEAST = 256 * 1024;

/** Bytes, of "8M", "512k" or "4194304". */
export function historyBytes(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12})([kM]?)$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (bytes >= LEAST && bytes <= LIMITS.historyTotal) return bytes;
  throw new InvalidArgumentError('It is a number of bytes from 256k to 256M: 8M, 512k, 4194304.');
}
