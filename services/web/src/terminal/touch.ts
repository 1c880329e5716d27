// Fingers on the terminal: one scrolls (and flings), two size the font, a tap opens the keyboard, a long press the text.
import type { Signal } from '@preact/signals';
import type { Terminal } from '@xterm/xterm';
import { FONT_SIZE } from '../settings/choices.ts';
import { change, settings } from '../settings/settings.ts';
import type { Fitting } from './fitting.ts';

/** Less than this is a tap, pixels. */
const SLOP = 8;
const LONG_PRESS = 500;
/** Of its speed a fling loses so much in a second. */
const FRICTION = 0.95;
/** Pixels in a second. */
const SLOWEST = 30;
const FASTEST = 4_000;

/** The terminal under the fingers. */
interface Touched {
  readonly term: Terminal;
  readonly fitting: Pick<Fitting, 'crowded' | 'lookingCloser' | 'lookCloser'>;
  /** What stands on it is shown as text that can be selected. */
  readonly textShown: Signal<boolean>;
}

type Point = { x: number; y: number };

/** Returns what ends it. */
export function followTouch(terminal: Touched, host: HTMLElement): () => void {
  const { term } = terminal;
  const fingers = new Map<number, Point>();
  let begun: Point | null = null;
  let moved = false;
  /** `closer`: a session larger than the window is looked at more closely; null: the font is sized. */
  let pinch: { distance: number; fontSize: number; closer: number | null } | null = null;
  let speed = 0;
  /** Pixels that are no whole line yet. */
  let rest = 0;
  let lastAt = 0;
  let fling = 0;
  let press: ReturnType<typeof setTimeout> | undefined;

  // Under the finger, line for line: first what is seen of a session larger than the window, then the lines above the
  // screen; or what a wheel would do, where a program wants the mouse or has the whole screen.
  const scroll = (pixels: number) => {
    const before = host.scrollTop;
    if (terminal.fitting.lookingCloser > 1) host.scrollTop += pixels;
    if (host.scrollTop !== before) return;
    const screen = host.querySelector('.xterm-screen');
    if (!screen) return;
    if (term.modes.mouseTrackingMode !== 'none' || term.buffer.active.type === 'alternate') {
      const { x: clientX, y: clientY } = begun ?? { x: 0, y: 0 };
      screen.dispatchEvent(
        new WheelEvent('wheel', { deltaY: pixels, clientX, clientY, bubbles: true, cancelable: true }),
      );
      return;
    }
    rest += pixels;
    const lineHeight = Math.max(1, screen.clientHeight / term.rows);
    const lines = Math.trunc(rest / lineHeight);
    rest -= lines * lineHeight;
    if (lines !== 0) term.scrollLines(lines);
  };

  const stop = () => {
    cancelAnimationFrame(fling);
    clearTimeout(press);
  };

  const down = (event: PointerEvent) => {
    if (event.pointerType !== 'touch') return;
    stop();
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) {
      begun = { x: event.clientX, y: event.clientY };
      moved = false;
      rest = 0;
      speed = 0;
      lastAt = event.timeStamp;
      press = setTimeout(() => {
        // A page that was busy may have a move waiting: it comes before the next frame.
        requestAnimationFrame(() => {
          if (!begun || moved || fingers.size !== 1) return;
          begun = null;
          terminal.textShown.value = true;
        });
      }, LONG_PRESS);
    } else if (fingers.size === 2) {
      begun = null;
      const { fontSize } = settings.peek();
      const { crowded, lookingCloser } = terminal.fitting;
      pinch = { distance: spread(fingers), fontSize, closer: crowded ? lookingCloser : null };
    }
  };

  const move = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pinch && fingers.size === 2) {
      const times = spread(fingers) / pinch.distance;
      const wanted = Math.round(pinch.fontSize * times);
      if (pinch.closer !== null) terminal.fitting.lookCloser(pinch.closer * times);
      else change({ fontSize: Math.min(FONT_SIZE.max, Math.max(FONT_SIZE.min, wanted)) });
      return;
    }
    if (!begun) return;
    if (!moved && Math.hypot(event.clientX - begun.x, event.clientY - begun.y) < SLOP) return;
    moved = true;
    clearTimeout(press);
    const step = before.y - event.clientY;
    const elapsed = Math.max(1, event.timeStamp - lastAt);
    speed = Math.max(-FASTEST, Math.min(FASTEST, 0.6 * speed + 0.4 * ((step / elapsed) * 1000)));
    lastAt = event.timeStamp;
    if (terminal.fitting.lookingCloser > 1) host.scrollLeft += before.x - event.clientX;
    scroll(step);
  };

  const up = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    clearTimeout(press);
    if (fingers.size < 2) pinch = null;
    if (fingers.size > 0 || !begun) return;
    if (!moved && event.type === 'pointerup') tap(begun);
    else if (event.timeStamp - lastAt < 60) glide(event.timeStamp);
    else begun = null;
  };

  // What a mouse would do there: follows a link, or clicks where a program wants to know of clicks.
  const tap = ({ x: clientX, y: clientY }: Point) => {
    const screen = host.querySelector('.xterm-screen');
    const mouse = (type: string, buttons: number) =>
      screen?.dispatchEvent(
        new MouseEvent(type, { clientX, clientY, buttons, button: 0, detail: 1, bubbles: true, cancelable: true }),
      );
    mouse('mousemove', 0);
    const onLink = screen?.parentElement?.querySelector('.xterm-cursor-pointer') !== null;
    mouse('mousedown', 1);
    mouse('mouseup', 0);
    mouse('mouseleave', 0);
    if (!onLink) term.focus();
  };

  const glide = (from: number) => {
    let last = from;
    const frame = (at: number) => {
      const elapsed = Math.min(50, at - last) / 1000;
      last = at;
      speed *= (1 - FRICTION) ** elapsed;
      if (Math.abs(speed) < SLOWEST) return;
      scroll(speed * elapsed);
      fling = requestAnimationFrame(frame);
    };
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) fling = requestAnimationFrame(frame);
  };

  // The emulator would begin a selection with the mouse events that browsers make of a touch.
  const tame = (event: TouchEvent) => {
    if (event.cancelable) event.preventDefault();
  };

  // Who types looks at where it goes.
  const typed = term.onData(() => cancelAnimationFrame(fling));
  host.addEventListener('pointerdown', down);
  host.addEventListener('pointermove', move);
  host.addEventListener('pointerup', up);
  host.addEventListener('pointercancel', up);
  host.addEventListener('touchstart', tame, { passive: false });
  return () => {
    stop();
    typed.dispose();
    host.removeEventListener('pointerdown', down);
    host.removeEventListener('pointermove', move);
    host.removeEventListener('pointerup', up);
    host.removeEventListener('pointercancel', up);
    host.removeEventListener('touchstart', tame);
  };
}

function spread(fingers: ReadonlyMap<number, Point>): number {
  const [a, b] = [...fingers.values()];
  return a && b ? Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) : 1;
}
