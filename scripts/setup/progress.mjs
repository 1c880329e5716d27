// Shows that work goes on: a spinner with the time elapsed on a terminal, plain lines anywhere else.

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
/** Without a terminal a line this often says that nothing hangs. */
const heartbeatMs = 20_000;

const onTerminal = Boolean(process.stdout.isTTY);
const coloured = process.env.FORCE_COLOR ? true : onTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** @param {string} code @returns {(text: string) => string} */
const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const style = {
  bold: paint('1'),
  dim: paint('2'),
  red: paint('31'),
  green: paint('32'),
  yellow: paint('33'),
  cyan: paint('36'),
};

/** @param {number} milliseconds */
export const seconds = (milliseconds) => {
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const whole = Math.round(milliseconds / 1_000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
};

/**
 * One piece of work in progress. At most one at a time, and nobody else writes a line meanwhile but through `say`.
 * @param {string} title
 * @param {number} [started] when it began, where nobody looked on until now; milliseconds since 1970
 */
export const startProgress = (title, started = Date.now()) => {
  const elapsed = () => Date.now() - started;
  let detail = '';
  let frame = 0;
  let open = true;

  const draw = () => {
    const mark = style.cyan(frames[frame++ % frames.length] ?? '');
    const line = `${mark} ${title}${detail ? ` ${style.dim(detail)}` : ''} ${style.dim(seconds(elapsed()))}`;
    process.stdout.write(`\r\u001b[2K${line}`);
  };
  const beat = () => console.log(`  ${title.trim()}${detail ? `, ${detail}` : ''}, ${seconds(elapsed())} so far`);
  const timer = setInterval(onTerminal ? draw : beat, onTerminal ? frameMs : heartbeatMs);
  if (onTerminal) draw();

  /** @param {string} mark @param {string} [text] */
  const close = (mark, text) => {
    if (!open) return;
    open = false;
    clearInterval(timer);
    if (onTerminal) process.stdout.write('\r\u001b[2K');
    console.log(`${mark} ${title}${text ? ` ${text}` : ''} ${style.dim(seconds(elapsed()))}`);
  };

  return {
    elapsed,
    /** What is being done right now, beside the title. @param {string} text */
    update: (text) => {
      detail = text;
    },
    /** A line of its own, above the spinner. @param {string} line */
    say: (line) => {
      if (onTerminal) process.stdout.write('\r\u001b[2K');
      console.log(line);
    },
    /** @param {string} [text] */
    done: (text) => close(style.green('✓'), text),
    /** @param {string} [text] */
    fail: (text) => close(style.red('✗'), text),
  };
};
