// OSC 52: a program puts text on the clipboard, when the person lets it. It never gets to read the clipboard.

import { signal } from '@preact/signals';
import { ClipboardAddon } from '@xterm/addon-clipboard';
import { change, settings } from '../settings/settings.ts';
import { copy } from '../ui/clipboard.ts';
import { notify } from '../ui/notices.tsx';

/** What a program may put there at most, in characters. */
const LONGEST = 1024 * 1024;

export class ProgramClipboard {
  /** Text that a program wants on the clipboard, and that waits for a yes. */
  readonly asked = signal<string | null>(null);
  readonly addon: ClipboardAddon;

  /** `replaying`: old output is being painted, whose programs have nothing to say any more. */
  constructor(replaying: () => boolean) {
    this.addon = new ClipboardAddon(undefined, {
      readText: () => '',
      writeText: (_selection, text) => {
        if (!replaying()) this.wanted(text);
      },
    });
  }

  /** A click: it also is what browsers want before a page may write. */
  answer(answer: 'once' | 'always' | 'no' | 'never'): void {
    const text = this.asked.value;
    this.asked.value = null;
    if (answer === 'always') change({ programClipboard: 'allow' });
    if (answer === 'never') change({ programClipboard: 'never' });
    if (text !== null && (answer === 'once' || answer === 'always')) void this.write(text);
  }

  private wanted(text: string): void {
    if (text === '' || text.length > LONGEST) return;
    const { programClipboard } = settings.value;
    if (programClipboard === 'allow') void this.write(text);
    else if (programClipboard === 'ask') this.asked.value = text;
  }

  private async write(text: string): Promise<void> {
    if (await copy(text)) notify('Copied by the program');
    else this.asked.value = text;
  }
}
