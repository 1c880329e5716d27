// What a person may choose, the values each choice takes, and the defaults. Pure.
import { schemes } from './schemes.ts';

export type Settings = {
  /** The app around the terminal. */
  appearance: 'system' | 'dark' | 'light';
  /** A name from `schemes`; `auto` follows the appearance. */
  scheme: string;
  fontSize: number;
  fontFamily: string;
  cursorBlink: boolean;
  /** Lines kept above the screen. */
  scrollback: number;
  /** Text keeps at least a contrast of 4.5 to its background, whatever a program chose. */
  moreContrast: boolean;
  screenReader: boolean;
  /** `auto`: the GPU where there is a real one, else the page's own elements. */
  renderer: 'auto' | 'gpu' | 'dom';
  bell: 'none' | 'visual' | 'sound';
  copyOnSelect: boolean;
  /** Whether programs may put text on the clipboard (OSC 52). Reading it is never allowed. */
  programClipboard: 'ask' | 'allow' | 'never';
  warnBeforePaste: boolean;
  /** Whether this device asks sessions for its own size, or shows them in whatever size they have. */
  offerSize: boolean;
  /** Keys above a phone's keyboard; see `key-row.ts`. */
  keys: string[];
};

export const FONT_SIZE = { min: 6, max: 40 } as const;
export const SCROLLBACK = { min: 10_000, max: 200_000 } as const;

const DEFAULT_KEYS = ['esc', 'tab', 'ctrl', 'alt', 'left', 'down', 'up', 'right', '^C', '|', '/', '~', '-'];

const defaults: Settings = {
  appearance: 'system',
  scheme: 'auto',
  fontSize: 14,
  fontFamily: '',
  cursorBlink: true,
  scrollback: SCROLLBACK.min,
  moreContrast: false,
  screenReader: false,
  renderer: 'auto',
  bell: 'visual',
  copyOnSelect: false,
  programClipboard: 'ask',
  warnBeforePaste: true,
  offerSize: true,
  keys: DEFAULT_KEYS,
};

const among =
  <T>(...values: readonly T[]) =>
  (value: unknown): value is T =>
    values.includes(value as T);
const whole = (min: number, max: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
const flag = (value: unknown) => typeof value === 'boolean';

const checks: { [K in keyof Settings]: (value: unknown) => boolean } = {
  appearance: among('system', 'dark', 'light'),
  scheme: (value) => value === 'auto' || (typeof value === 'string' && Object.hasOwn(schemes, value)),
  fontSize: whole(FONT_SIZE.min, FONT_SIZE.max),
  fontFamily: (value) => typeof value === 'string' && /^[^;{}<>\\]{0,100}$/.test(value),
  cursorBlink: flag,
  scrollback: whole(SCROLLBACK.min, SCROLLBACK.max),
  moreContrast: flag,
  screenReader: flag,
  renderer: among('auto', 'gpu', 'dom'),
  bell: among('none', 'visual', 'sound'),
  copyOnSelect: flag,
  programClipboard: among('ask', 'allow', 'never'),
  warnBeforePaste: flag,
  offerSize: flag,
  keys: (value) =>
    Array.isArray(value) &&
    value.length <= 40 &&
    value.every((key) => typeof key === 'string' && key.length > 0 && key.length <= 16),
};

export function readSettings(text: string | null): Settings {
  let kept: Record<string, unknown> = {};
  try {
    kept = (JSON.parse(text ?? '{}') ?? {}) as Record<string, unknown>;
  } catch {
    // Damaged: the defaults.
  }
  const good = Object.entries(checks).filter(([name, check]) => check(kept[name]));
  return { ...defaults, ...Object.fromEntries(good.map(([name]) => [name, kept[name]])) };
}
