// Settings as they are read back: what is damaged, unknown or out of bounds is its default.
import { describe, expect, test } from 'vitest';
import { readSettings } from './choices.ts';
import { schemeFor, schemes } from './schemes.ts';

const defaults = readSettings(null);

test('are the defaults, when nothing is kept', () => {
  expect(readSettings('')).toEqual(defaults);
  expect(defaults).toMatchObject({ warnBeforePaste: true, programClipboard: 'ask', scrollback: 10_000 });
});

test.each(['{', 'null', '[]', '1', '"x"', '{"fontSize":"14"}', '{"fontSize":1000}', '{"scheme":"constructor"}'])(
  'ignore %s',
  (text) => {
    expect(readSettings(text)).toEqual(defaults);
  },
);

test('keep each good value, whatever is wrong with others', () => {
  const text = JSON.stringify({ fontSize: 20, scheme: 'nord', bell: 'gong', keys: ['esc', ''], unknown: 1 });
  expect(readSettings(text)).toEqual({ ...defaults, fontSize: 20, scheme: 'nord' });
});

test('take no font name that could end a style', () => {
  expect(readSettings(JSON.stringify({ fontFamily: 'x; } body { color: red' })).fontFamily).toBe('');
});

describe('colour schemes', () => {
  test('follow the theme, unless one is chosen', () => {
    expect(schemeFor('auto', true).dark).toBe(true);
    expect(schemeFor('auto', false).dark).toBe(false);
    expect(schemeFor('nord', false)).toBe(schemes.nord);
  });

  test.each(Object.entries(schemes))('%s has every colour', (_, { theme }) => {
    const colours = Object.values(theme);
    expect(colours).toHaveLength(21);
    for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  });

  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
    return (light + 0.05) / (dark + 0.05);
  };

  test.each(['hermit-dark', 'hermit-light', 'high-contrast'])('%s can be read: 4.5 to 1', (name) => {
    const theme = schemes[name]?.theme as Record<string, string>;
    const unread = [
      'foreground',
      'red',
      'green',
      'yellow',
      'blue',
      'magenta',
      'cyan',
      'brightBlue',
      'brightRed',
    ].filter((colour) => contrast(theme[colour] ?? '', theme.background ?? '') < 4.5);
    expect(unread).toEqual([]);
  });
});
