// Addresses in a terminal, as they are: what is shown before one is opened is where it leads. Pure.

/** As a browser understands it, a name with foreign letters as it is looked up; null: no address of the web. */
export function addressOf(text: string): string | null {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

/** Whether who reads this text sees which host it leads to: letters of other scripts look like ours, and `@` misleads. */
export function isPlain(text: string): boolean {
  const address = addressOf(text);
  if (address === null) return false;
  const { origin, username, password } = new URL(address);
  return username === '' && password === '' && text.toLowerCase().startsWith(origin);
}
