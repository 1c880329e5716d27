// The content that floods print: seeded lines as a build prints them, with colours, ASCII alone.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seeded } from '../load/seeded.ts';

const WORDS = 'compile link test cache module worker stream packet offset lease socket frame build done ok warn'.split(
  ' ',
);

export interface Corpus {
  file: string;
  bytes: number;
  sha256: string;
}

/** Exactly `bytes` of lines; the same seed gives the same bytes. */
export function corpusBytes(bytes: number, seed: number): Buffer {
  const random = seeded(seed);
  const pick = () => WORDS[Math.floor(random() * WORDS.length)] ?? '';
  const content = Buffer.alloc(bytes);
  let at = 0;
  for (let line = 1; at < bytes; line++) {
    const colour = 31 + Math.floor(random() * 6);
    const words = Array.from({ length: 5 + Math.floor(random() * 5) }, pick).join(' ');
    const number = Math.floor(random() * 2 ** 32).toString(16);
    at += content.write(`\x1b[${colour}m${line}\x1b[0m ${words} ${number}\r\n`, at, 'latin1');
  }
  return content;
}

export async function writeCorpus(directory: string, name: string, bytes: number, seed: number): Promise<Corpus> {
  const content = corpusBytes(bytes, seed);
  const file = join(directory, name);
  await writeFile(file, content);
  return { file, bytes, sha256: createHash('sha256').update(content).digest('hex') };
}
