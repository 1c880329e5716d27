// Sizes that people write, and the bounds.
import { expect, it } from 'vitest';
import { historyBytes } from './history-option.ts';

it.each([
  ['8M', 8_388_608],
  ['512k', 524_288],
  ['256k', 262_144],
  ['256M', 268_435_456],
  ['4194304', 4_194_304],
])('%s is %i bytes', (text, bytes) => {
  expect(historyBytes(text)).toBe(bytes);
});

it.each(['', '0', '255k', '257M', '268435457', '-8M', '8G', '8 M', 'much'])('%j is refused', (text) => {
  expect(() => historyBytes(text)).toThrow('from 256k to 256M');
});
