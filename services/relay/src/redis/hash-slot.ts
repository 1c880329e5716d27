// Which of the 16384 slots of a Redis Cluster a key or a channel belongs to.

const SLOTS = 16_384;
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/**
 * CRC16 (XMODEM) of the hash tag, the part between the first `{` and the next `}`, or of the whole name if there is
 * none or it is empty. The name is ASCII. Source: Redis Cluster specification, "Key distribution model".
 */
export function hashSlot(name: string): number {
  const open = name.indexOf('{');
  const close = open < 0 ? -1 : name.indexOf('}', open + 1);
  const tagged = close > open + 1;
  const end = tagged ? close : name.length;
  let crc = 0;
  for (let at = tagged ? open + 1 : 0; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ (name.charCodeAt(at) & 0xff)] as number);
  }
  return crc % SLOTS;
}
