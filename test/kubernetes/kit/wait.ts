// Waiting for something to become so, with an end.
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false | null>,
  options: { seconds?: number; everyMs?: number } = {},
): Promise<T> {
  const { seconds = 120, everyMs = 500 } = options;
  const deadline = Date.now() + seconds * 1_000;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false && found !== null) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const why = last instanceof Error ? ` (${last.message})` : '';
      throw new Error(`${what}: not so after ${seconds} s${why}`);
    }
    await new Promise((done) => setTimeout(done, everyMs));
  }
}
