// What runs inside the PTYs: the same scripts for every contestant.
import { fileURLToPath } from 'node:url';

/**
 * Each program first makes its terminal raw, so that bytes pass unchanged (`isig` stays, so that
 * Ctrl-C ends it), and then prints this byte. A program that floods waits for one key before it starts.
 */
export const READY_BYTE = 0x52;

const RAW = 'stty raw -echo isig; printf R';
const WAIT_FOR_KEY = 'dd bs=1 count=1 of=/dev/null 2>/dev/null';
const PACED = fileURLToPath(new URL('./paced.ts', import.meta.url));

/** Prints what is typed, as it is read. */
export function echoProgram(): string {
  return `${RAW}; exec cat`;
}

/** Prints a file some times and ends. */
export function printProgram(file: string, times: number): string {
  return `${RAW}; ${WAIT_FOR_KEY}; exec cat ${repeated(file, times)}`;
}

/** Prints a file some times, and then waits for Ctrl-C. */
export function printAndStayProgram(file: string, times: number): string {
  return `${RAW}; ${WAIT_FOR_KEY}; cat ${repeated(file, times)}; exec cat`;
}

/** Prints a file for ever. */
export function floodProgram(file: string): string {
  return `${RAW}; ${WAIT_FOR_KEY}; while :; do cat ${quoted(file)}; done`;
}

/** Prints `bytes` of a file, repeated, at a steady rate, and ends. */
export function pacedProgram(file: string, bytes: number, bytesPerSecond: number): string {
  const node = [process.execPath, PACED, file].map(quoted).join(' ');
  return `${RAW}; ${WAIT_FOR_KEY}; exec ${node} ${bytes} ${bytesPerSecond}`;
}

function repeated(file: string, times: number): string {
  return Array.from({ length: times }, () => quoted(file)).join(' ');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
