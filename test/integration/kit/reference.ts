// What a screen must look like: a headless terminal fed with everything that was painted, read cell by cell.
import type { Painting } from '@hermit/client';
import type { Size } from '@hermit/protocol';
import headless from '@xterm/headless';

/** A terminal that a viewer paints on, the way every viewer of Hermit does. */
export class ReferenceTerminal {
  readonly terminal: InstanceType<typeof headless.Terminal>;
  private last: Promise<void> = Promise.resolve();

  constructor(size: Size, scrollback = 1_000) {
    this.terminal = new headless.Terminal({ ...size, scrollback, allowProposedApi: true });
  }

  paint(painted: Uint8Array | Painting | Size | string): void {
    const { terminal } = this;
    if (typeof painted === 'string' || painted instanceof Uint8Array) this.write(painted);
    else if ('screen' in painted) {
      if (!painted.repaint) this.last = this.last.then(() => terminal.reset());
      else this.write('\u001b[!p\u001b[?1049l\u001b[H\u001b[2J');
      this.write((painted.repaint ? '' : painted.scrollback) + painted.screen);
    } else this.last = this.last.then(() => terminal.resize(painted.cols, painted.rows));
  }

  private write(data: string | Uint8Array): void {
    this.last = this.last.then(() => new Promise((done) => this.terminal.write(data, done)));
  }

  /** The lines of the screen, with where the cursor is. */
  async screen(): Promise<string[]> {
    await this.last;
    const { active } = this.terminal.buffer;
    const lines: string[] = [];
    for (let y = 0; y < this.terminal.rows; y++) {
      lines.push(active.getLine(active.baseY + y)?.translateToString(true) ?? '');
    }
    return [...lines, `cursor ${active.cursorX},${active.cursorY} ${active.type}`];
  }
}
