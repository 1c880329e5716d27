// Durations, rates and counts in a few columns.

const UNITS: readonly [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

/** By the largest unit of which there are two, or seconds: `59 s`, `119 s`, `3 min`, `47 h`, `12 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  for (const [size, name] of UNITS) if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${name}`;
  return `${seconds} s`;
}

/** Bytes in a second; nothing where nothing is known yet. */
export function rate(bytesPerSecond: number | undefined): string {
  if (bytesPerSecond === undefined) return '';
  let value = Math.max(0, bytesPerSecond);
  for (const unit of ['B', 'KB', 'MB']) {
    if (value < 999.5) return `${value < 10 && unit !== 'B' ? value.toFixed(1) : Math.round(value)} ${unit}/s`;
    value /= 1000;
  }
  return `${value.toFixed(1)} GB/s`;
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}
