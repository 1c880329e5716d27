// Times as people say them, kept true while they are shown.
import { signal } from '@preact/signals';

/** Milliseconds since 1970, a little late: moves every ten seconds. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 10_000);

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function ago(at: number): string {
  const age = Math.max(0, now.value - at);
  for (const [unit, length] of steps) {
    if (age >= length) return words.format(-Math.floor(age / length), unit);
  }
  return 'just now';
}

/** The time of day, today; else the day. */
export function since(at: number): string {
  const date = new Date(at);
  return new Date(now.value).toDateString() === date.toDateString()
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short' });
}

/** The time of day; and the day, when it is not today. */
export function until(at: number): string {
  const date = new Date(at);
  return new Date(now.value).toDateString() === date.toDateString()
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}
