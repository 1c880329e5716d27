// A terminal after the worst that a program can leave.
import headless from '@xterm/headless';
import { expect, it } from 'vitest';
import { RESTORE } from './restore.ts';

it('is as a shell expects it, and shows no stray characters', async () => {
  const term = new headless.Terminal({ cols: 40, rows: 6, allowProposedApi: true });
  const write = (data: string) => new Promise<void>((resolve) => term.write(data, resolve));
  await write('shell\r\n\x1b[?1049h\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[?1h\x1b=\x1b[?25l\x1b[?7l\x1b[?6h');
  await write('\x1b[4h\x1b[2;3r\x1b[1;31m\x1b(0\x1b]8;;http://x\x1b\\full screen \x1b]2;a title that was cut');
  await write(RESTORE);
  await write('\r\n$ ok');
  expect(term.modes).toMatchObject({
    applicationCursorKeysMode: false,
    applicationKeypadMode: false,
    bracketedPasteMode: false,
    insertMode: false,
    mouseTrackingMode: 'none',
    originMode: false,
    sendFocusMode: false,
    wraparoundMode: true,
  });
  const buffer = term.buffer.active;
  expect(buffer.type).toBe('normal');
  const lines = Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i)?.translateToString(true) ?? '');
  expect(lines.filter((line) => line !== '')).toEqual(['shell', '$ ok']);
  const cell = buffer.getLine(buffer.baseY + buffer.cursorY)?.getCell(0);
  expect(cell?.isBold()).toBe(0);
  expect(cell?.isFgDefault()).toBe(true);
});
