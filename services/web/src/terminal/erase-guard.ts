// Keeps the emulator alive when a program erases from the start of the screen to its very last cell: xterm.js 6.0.0 then
// throws out of its parser, and paints nothing ever after. The same is done in two steps, which it can.
import type { Terminal } from '@xterm/xterm';

/** Of the emulator's inside; 6.0.0 is pinned, and a test in the browser fails when a later one differs. */
type Core = {
  readonly buffers: { readonly active: { x: number; readonly y: number } };
  readonly _inputHandler: Record<'eraseInDisplay' | 'eraseInLine', Erase>;
};
type Erase = (params: { params: number[] }, selective: boolean) => boolean;

export function guardErase(term: Terminal): void {
  const core = (term as unknown as { _core: Core })._core;
  for (const selective of [false, true]) {
    term.parser.registerCsiHandler(selective ? { prefix: '?', final: 'J' } : { final: 'J' }, ([what]) => {
      const { active } = core.buffers;
      const { x, y } = active;
      if (what !== 1 || x + 1 < term.cols || y + 1 < term.rows) return false;
      active.x = 0;
      core._inputHandler.eraseInDisplay({ params: [1] }, selective);
      active.x = x;
      return core._inputHandler.eraseInLine({ params: [1] }, selective);
    });
  }
}
