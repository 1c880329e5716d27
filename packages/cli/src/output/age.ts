// Times as people say them.

/** How long ago, by the largest unit that is not zero. Times to come (clocks differ) are now. */
export function age(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  if (seconds < 60) return seconds < 5 ? 'now' : `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

/** How long until then, by the largest unit that is not zero. */
export function until(at: number, now: number): string {
  const minutes = Math.max(1, Math.round((at - now) / 60_000));
  if (minutes < 60) return `for ${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `for ${hours} h` : `for ${Math.round(hours / 24)} days`;
}
