// What goes to the program: keys with their modifiers, pasted text, in order and never swallowed.
import type { Attachment } from '@hermit/client';
import headless from '@xterm/headless';
import type { Terminal } from '@xterm/xterm';
import { describe, expect, test } from 'vitest';
import { cleaned, type Refusal, Typing } from './typing.ts';

/** An attachment with so much room, which takes what fits. */
function scene({ room = 64 * 1024, readOnly = false, attached = true } = {}) {
  const term = new headless.Terminal({ allowProposedApi: true });
  const sent: string[] = [];
  const refused: Refusal[] = [];
  const state = { room, readOnly };
  const attachment = {
    get inputRoom() {
      return state.room;
    },
    fromTerminal(bytes: Uint8Array) {
      if (state.readOnly || bytes.length > state.room) return false;
      state.room -= bytes.length;
      sent.push(new TextDecoder().decode(bytes));
      return true;
    },
  } as Attachment;
  const full = Object.assign(term, { scrollToBottom: () => {} }) as unknown as Terminal;
  const typing = new Typing(
    full,
    () => (attached ? attachment : null),
    (why) => refused.push(why),
  );
  const write = (text: string) => new Promise<void>((done) => term.write(text, done));
  return { typing, sent, refused, state, write, all: () => sent.join('') };
}

describe('the key row', () => {
  test.each([
    ['esc', '\x1b'],
    ['tab', '\t'],
    ['up', '\x1b[A'],
    ['f5', '\x1b[15~'],
    ['f1', '\x1bOP'],
    ['pgdn', '\x1b[6~'],
    ['^C', '\x03'],
    ['^[', '\x1b'],
    ['|', '|'],
    ['sudo ', 'sudo '],
  ])('%s', (key, bytes) => {
    const { typing, all } = scene();
    typing.press(key);
    expect(all()).toBe(bytes);
  });

  test('sends cursor keys as the program asked for them', async () => {
    const { typing, all, write } = scene();
    await write('\x1b[?1h');
    typing.press('left');
    expect(all()).toBe('\x1bOD');
  });

  test('holds Ctrl and Alt for the next key, and locked ones for all', () => {
    const { typing, sent } = scene();
    typing.press('ctrl');
    typing.fromEmulator('c');
    typing.fromEmulator('c');
    typing.press('alt');
    typing.fromEmulator('b');
    typing.press('ctrl');
    typing.press('left');
    typing.press('ctrl');
    typing.press('ctrl');
    typing.fromEmulator('a');
    typing.fromEmulator('é');
    typing.fromEmulator('e');
    expect(sent).toEqual(['\x03', 'c', '\x1bb', '\x1b[1;5D', '\x01', 'é', '\x05']);
  });

  test('leaves replies and reports as they are', () => {
    const { typing, sent } = scene();
    typing.press('ctrl');
    typing.fromEmulator('\x1b[?62;4c');
    expect(sent).toEqual(['\x1b[?62;4c']);
    expect(typing.modifiers.value.ctrl).toBe('once');
  });
});

describe('pasting', () => {
  test('brackets the text where the program asked for it, and nothing in it ends the bracket', async () => {
    const { typing, all, write } = scene();
    await write('\x1b[?2004h');
    typing.paste('a\n\x1b[201~b');
    expect(all()).toBe('\x1b[200~a\r[201~b\x1b[201~');
  });

  test.each([
    ['one\r\ntwo\nthree', 'one\rtwo\rthree'],
    ['tab\there', 'tab\there'],
    ['bell\x07 and \x9b0m, \x00', 'bell and 0m, '],
    ['emoji 👩‍💻', 'emoji 👩‍💻'],
  ])('cleans %j', (text, clean) => {
    expect(cleaned(text)).toBe(clean);
  });

  test('goes out as room comes, with what was typed meanwhile behind it', () => {
    const { typing, state, all, refused } = scene({ room: 10_000 });
    const text = 'x'.repeat(30_000);
    typing.paste(text);
    typing.fromEmulator('!');
    expect(typing.held).toBeGreaterThan(20_000);
    for (let turns = 0; typing.held > 0 && turns < 10; turns++) {
      state.room = 10_000;
      typing.room();
    }
    expect(all()).toBe(`${text}!`);
    expect(refused).toEqual([]);
  });

  test('is refused when it is a file', () => {
    const { typing, all, refused } = scene();
    typing.paste('x'.repeat(5 * 1024 * 1024));
    expect(refused).toEqual(['paste-too-large']);
    expect(all()).toBe('');
  });

  test('is given up, and said so, where nobody may type', () => {
    const { typing, refused } = scene({ readOnly: true });
    typing.paste('x'.repeat(30_000));
    expect(refused).toEqual(['read-only']);
    expect(typing.held).toBe(0);
  });
});

test('typing at what is not attached is refused, and said so', () => {
  const { typing, refused } = scene({ attached: false });
  typing.fromEmulator('x');
  expect(refused).toEqual(['detached']);
});

test('typing without room is refused, and said so', () => {
  const { typing, refused, all } = scene({ room: 0 });
  typing.fromEmulator('a');
  expect(refused).toEqual(['full']);
  expect(all()).toBe('');
});
