// Random ids. `crypto.randomUUID` is missing on pages that were not loaded over a secure connection; this is not.
import { uuidFrom } from '@hermit/protocol';

export function newId(): string {
  return uuidFrom(() => crypto.getRandomValues(new Uint32Array(1))[0] as number);
}
