// Figures that a test measured, in its output: they are reported, and some of them asserted.

/** A soak has the machine to itself. */
export const QUIET = process.env.HERMIT_SOAK === '1';

/** What a figure may come to: the target where nothing else runs, and more beside other tests on two cores. */
export function bound(target: number, busy: number): number {
  return QUIET ? target : busy;
}

export function report(what: string, values: readonly number[], unit: string, digits = 0): void {
  const list = values.map((value) => value.toFixed(digits)).join(', ');
  process.stdout.write(`      ${what}: ${list} ${unit}\n`);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
