// What an agent or a client says of a relay whose protocol version it cannot speak (VERSION-2).
import { PROTOCOL_OLDEST } from './limits.ts';

export function relayTooOld(spoken: number, who: 'agent' | 'client'): string {
  return `This relay speaks protocol ${spoken}, and this ${who} ${PROTOCOL_OLDEST} and later; update the relay first.`;
}
