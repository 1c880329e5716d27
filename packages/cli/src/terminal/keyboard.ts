// Raw keyboard input, given back to the shell whatever happens.
import { writeSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { RESTORE } from './restore.ts';

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const SIGNALS: Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Restores the terminal when the process ends in any way that lets it run something. */
export class Keyboard {
  private readonly stdin: ReadStream;
  /** File descriptor of the terminal that was painted on. */
  private readonly screen: number;
  private readonly title: string;
  private raw = false;
  private readonly onExit = () => this.restore();

  constructor(stdin: ReadStream, screen: number, title: string) {
    this.stdin = stdin;
    this.screen = screen;
    this.title = title;
  }

  take(): void {
    if (this.raw) return;
    this.raw = true;
    process.on('exit', this.onExit);
    this.stdin.setRawMode(true);
    this.write(`\x1b[22;2t\x1b]2;${this.title}\x07`);
  }

  /** After the process was stopped and goes on: the shell has set the terminal its own way. */
  retake(): void {
    if (!this.raw) return;
    this.stdin.setRawMode(false); // or nothing would be done: the stream believes that it is raw still
    this.stdin.setRawMode(true);
  }

  /** Twice is once. Synchronous, because there may be no later. */
  restore(): void {
    if (!this.raw) return;
    this.raw = false;
    process.off('exit', this.onExit);
    this.write(`${RESTORE}\x1b[23;2t\r\n`);
    try {
      this.stdin.setRawMode(false);
    } catch {
      // the terminal is gone
    }
  }

  private write(text: string): void {
    try {
      writeSync(this.screen, text);
    } catch {
      // the terminal is gone, or does not take anything now
    }
  }
}

/** Calls `run` for each signal that asks the process to end; returns what stops that. */
export function onSignals(run: (signal: Signal) => void): () => void {
  const listeners = SIGNALS.map((signal) => {
    const listener = () => run(signal);
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const off of listeners) off();
  };
}

export const SIGNAL_NUMBER: Record<Signal, number> = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };
