// Says that something takes a while; on a terminal only, and only when it does.
import type { Writable } from 'node:stream';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** What is faster than this needs no word. */
const SLOW_MS = 400;

type Spinning = { say(title: string): void; stop(): void };

export function spinner(out: Writable & { isTTY?: boolean }, title: string): Spinning {
  if (!out.isTTY) return { say() {}, stop() {} };
  let text = title;
  let frame = 0;
  let drawn = false;
  const draw = () => {
    drawn = true;
    out.write(`\r\x1b[2K${FRAMES[frame++ % FRAMES.length]} ${text}`);
  };
  let timer = setTimeout(() => {
    draw();
    timer = setInterval(draw, FRAME_MS);
  }, SLOW_MS);
  return {
    say(next) {
      text = next;
    },
    stop() {
      clearTimeout(timer);
      if (drawn) out.write('\r\x1b[2K');
    },
  };
}
