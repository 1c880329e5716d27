// What to tell somebody who waits: pure.
import type { AttachmentState, ConnectionState } from '@hermit/client';

/** Null: all is well, or nothing to speak of. `now` and `since` (of this connection state) are milliseconds. */
export function troubleText(
  machine: string,
  attachment: AttachmentState,
  connection: ConnectionState,
  since: number,
  now: number,
): string | null {
  switch (attachment) {
    case 'waiting': {
      if (connection.name !== 'reconnecting') return 'reconnecting';
      const left = Math.ceil((since + connection.inMs - now) / 1000);
      return left > 0 ? `connection lost; reconnecting in ${left} s` : 'connection lost; reconnecting';
    }
    case 'machine-offline':
      return `${machine} is offline; waiting for it`;
    case 'attaching':
      return `waiting for ${machine}`;
    default:
      return null;
  }
}
