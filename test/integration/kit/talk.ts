// The talker and what it must have printed and been typed: the measure of every fault.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SessionInfo } from '@hermit/protocol';
import { expect } from 'vitest';
import type { Person, TestViewer } from './viewer.ts';

const PROGRAM = fileURLToPath(new URL('./talker.mjs', import.meta.url));

export class Talk {
  readonly session: SessionInfo;
  readonly lines: number;
  private typed = '';

  private constructor(session: SessionInfo, lines: number) {
    this.session = session;
    this.lines = lines;
  }

  /** A session of the talker: so many lines, so many in a second (of 53 bytes). */
  static async start(person: Person, machineId: string, lines: number, perSecond: number): Promise<Talk> {
    const args = [PROGRAM, `${lines}`, `${perSecond}`];
    return new Talk(await person.start(machineId, { command: process.execPath, args, name: 'talker' }), lines);
  }

  /** Types; returns false when it was refused. */
  type(viewer: TestViewer, text: string): boolean {
    const taken = viewer.type(text);
    if (taken) this.typed += text;
    return taken;
  }

  /** Ends the program once it has printed everything. */
  finish(viewer: TestViewer): void {
    if (!viewer.type('\u0004')) throw new Error('the last keystroke was refused');
  }

  /** What the program has printed when it ends. */
  get output(): { bytes: number; sha256: string; last: string } {
    const hash = createHash('sha256');
    let bytes = 0;
    const add = (text: string) => {
      hash.update(text);
      bytes += text.length;
    };
    add('READY\r\n');
    for (let i = 1; i <= this.lines; i++)
      add(`${String(i).padStart(8, '0')} the quick brown fox jumps over the lazy dog\r\n`);
    const last = `TYPED ${this.typed.length} ${createHash('sha256').update(this.typed).digest('hex')}\r\n`;
    add(last);
    return { bytes, sha256: hash.digest('hex'), last };
  }

  /** Every byte once and in order, and every keystroke too. */
  async complete(viewer: TestViewer, deadlineMs = 40_000): Promise<void> {
    const exit = await viewer.ended(deadlineMs);
    const { bytes, sha256, last } = this.output;
    expect(viewer.tail.slice(-last.length)).toBe(last);
    expect(viewer.lost).toEqual([]);
    expect(viewer.refusals).toEqual([]);
    expect(viewer.bytes).toBe(bytes);
    expect(viewer.sha256).toBe(sha256);
    expect(exit).toEqual({ exitCode: 7, signal: null });
  }
}
