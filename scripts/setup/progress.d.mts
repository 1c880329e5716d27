// The types of progress.mjs, which has to run before there is a compiler.
type Paint = (text: string) => string;
export const style: Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', Paint>;
export function seconds(milliseconds: number): string;

export interface Progress {
  elapsed(): number;
  update(text: string): void;
  say(line: string): void;
  done(text?: string): void;
  fail(text?: string): void;
}
export function startProgress(title: string, started?: number): Progress;
