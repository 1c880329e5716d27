// A program under test: prints numbered lines at a steady pace, and reads what is typed. After `lines` lines and the
// byte 4 (Ctrl-D) it prints how much was typed and its hash, and exits with 7.
//   node talker.mjs LINES LINES_PER_SECOND
import { createHash } from 'node:crypto';

const lines = Number(process.argv[2]);
const perSecond = Number(process.argv[3]);
const typed = createHash('sha256');
let count = 0;
let finished = false;
let printed = 0;

const end = () => {
  if (!finished || printed < lines) return;
  process.stdout.write(`TYPED ${count} ${typed.digest('hex')}\n`, () => process.exit(7));
  finished = false;
};

process.stdin.setRawMode(true);
process.stdin.on('data', (bytes) => {
  const at = bytes.indexOf(4);
  const part = at < 0 ? bytes : bytes.subarray(0, at);
  typed.update(part);
  count += part.length;
  if (at >= 0) {
    finished = true;
    end();
  }
});

process.stdout.write('READY\n');
const started = performance.now();
const print = () => {
  const due = Math.min(lines, Math.floor(((performance.now() - started) * perSecond) / 1000));
  let text = '';
  while (printed < due && text.length < 65_536) {
    printed++;
    text += `${String(printed).padStart(8, '0')} the quick brown fox jumps over the lazy dog\n`;
  }
  if (printed < lines) {
    if (text) process.stdout.write(text, () => setTimeout(print, 5));
    else setTimeout(print, 5);
  } else process.stdout.write(text, end);
};
print();
