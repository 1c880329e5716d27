// One open session: its emulator, its attachment to the session, and what the page shows of both.
import type { Attachment, AttachmentState, SessionStatus } from '@hermit/client';
import { type Exit, HermitError, LIMITS, type Size, type SizePolicy } from '@hermit/protocol';
import { effect, signal } from '@preact/signals';
import type { SearchAddon } from '@xterm/addon-search';
import type { Terminal } from '@xterm/xterm';
import { titleOf } from '../machines/sessions.ts';
import type { Relay } from '../relay/relay.ts';
import { isTouch, settings } from '../settings/settings.ts';
import { mark, nameTab, type Tab } from '../tabs.ts';
import { copy } from '../ui/clipboard.ts';
import { notify } from '../ui/notices.tsx';
import { beep } from './bell.ts';
import { createEmulator, optionsOf } from './emulator.ts';
import { Fitting } from './fitting.ts';
import { ProgramClipboard } from './program-clipboard.ts';
import { Renderer } from './renderer.ts';
import { TerminalView } from './terminal-view.ts';
import { followTouch } from './touch.ts';
import { type Refusal, Typing } from './typing.ts';

/** What is typed without a keystroke just before was no person: a reply, a report. Milliseconds. */
const BY_HAND = 1_000;
const FLASH = 150;

const REFUSALS: Record<Refusal, string> = {
  full: 'Not sent: the connection is down, and what was typed before still waits.',
  'read-only': 'Not sent: you are watching, and cannot type.',
  ended: 'Not sent: the program has ended.',
  'paste-too-large': 'Not pasted: more than 4 MB is better sent as a file.',
};

export class OpenTerminal {
  readonly tab: Tab;
  readonly term: Terminal;
  readonly search: SearchAddon;
  readonly typing: Typing;
  readonly clipboard: ProgramClipboard;
  readonly state = signal<AttachmentState>('waiting');
  readonly status = signal<SessionStatus | null>(null);
  /** Of the session, and of this window. */
  readonly size = signal<Size | null>(null);
  readonly ownSize = signal<Size | null>(null);
  readonly exit = signal<Exit | null>(null);
  readonly failure = signal<HermitError | null>(null);
  /** Bytes that were typed and are not known to have arrived. */
  readonly unsent = signal(0);
  /** Several lines that wait for a yes before they are pasted. */
  readonly pasteAsked = signal<string | null>(null);
  readonly link = signal<string | null>(null);
  readonly flashing = signal(false);
  readonly textShown = signal(false);
  readonly searching = signal(false);
  private attachment: Attachment | null = null;
  private shown = false;
  private titled = false;
  private offered = settings.peek().offerSize;
  private byHandAt = Number.NEGATIVE_INFINITY;
  private readonly relay: Relay;
  private readonly host: HTMLElement;
  private readonly renderer: Renderer;
  readonly fitting: Fitting;
  private readonly endings: (() => void)[] = [];

  constructor(relay: Relay, tab: Tab, host: HTMLElement) {
    this.relay = relay;
    this.tab = tab;
    this.host = host;
    const chosen = settings.peek();
    const { term, search } = createEmulator(chosen, (url, seen) => this.openLink(url, seen));
    this.term = term;
    this.search = search;
    this.clipboard = new ProgramClipboard(() => this.state.peek() !== 'live');
    term.loadAddon(this.clipboard.addon);
    this.typing = new Typing(
      term,
      () => this.attachment,
      (why) => this.sayRefused(why),
    );
    term.onData((data) => this.typing.fromEmulator(data));
    term.onBinary((data) => this.typing.binary(data));
    term.onTitleChange((title) => {
      this.titled = title.trim() !== '';
      nameTab(tab.sessionId, title.trim() || this.plainTitle());
    });
    term.onBell(() => this.ring());
    term.onSelectionChange(() => {
      if (settings.peek().copyOnSelect && term.hasSelection()) void copy(term.getSelection());
    });
    term.attachCustomKeyEventHandler((event) => this.takesKey(event));
    this.term.options.fontSize = chosen.fontSize;
    term.open(host);
    this.renderer = new Renderer(term);
    this.prepareKeyboard();
    this.fitting = new Fitting(term, host, chosen.fontSize, (size) => this.measured(size));
    this.endings.push(
      followTouch(this, host),
      effect(() => this.follow()),
      effect(() => this.nameByList()),
      () => this.fitting.dispose(),
      () => this.renderer.hide(),
    );
    const looking = setInterval(() => this.count(), 250);
    this.endings.push(() => clearInterval(looking), relay.watch(tab.machineId));
  }

  /** Seen now, or hidden. The first time it is seen it attaches. */
  show(shown: boolean): void {
    this.shown = shown;
    if (!shown) {
      this.renderer.hide();
      return;
    }
    this.fitting.fit();
    this.renderer.show(settings.peek().renderer);
    if (!this.attachment && !this.failure.value && !this.exit.value) this.attach();
    if (!isTouch) this.term.focus();
    mark(this.tab.sessionId, false);
  }

  /** After a failure that another try may mend. */
  again(): void {
    this.failure.value = null;
    this.attach();
  }

  dispose(): void {
    this.attachment?.detach();
    this.attachment = null;
    for (const end of this.endings) end();
    this.term.dispose();
  }

  get rendererKind(): 'gpu' | 'dom' {
    return this.renderer.kind;
  }

  drive(): void {
    this.attachment?.drive();
  }

  setSizePolicy(policy: SizePolicy): void {
    const size = policy === 'fixed' ? (this.ownSize.value ?? undefined) : undefined;
    this.attachment?.setSizePolicy(policy, size);
  }

  repaint(): void {
    this.attachment?.repaint();
  }

  /** Text that a person wants in; several lines for a shell are shown first. */
  paste(text: string): void {
    if (text === '') return;
    this.byHandAt = performance.now();
    const shell = this.term.buffer.active.type === 'normal';
    const several = /[\r\n]/.test(text.replace(/\r?\n$/, '')) || (/[\r\n]$/.test(text) && !this.bracketed);
    if (settings.value.warnBeforePaste && shell && several) this.pasteAsked.value = text;
    else this.typing.paste(text);
  }

  answerPaste(yes: boolean): void {
    const text = this.pasteAsked.value;
    this.pasteAsked.value = null;
    if (yes && text !== null) {
      this.byHandAt = performance.now();
      this.typing.paste(text);
    }
  }

  get bracketed(): boolean {
    return this.term.modes.bracketedPasteMode;
  }

  async copySelection(): Promise<void> {
    if (this.term.hasSelection() && (await copy(this.term.getSelection()))) notify('Copied');
  }

  private attach(): void {
    const { machineId, sessionId } = this.tab;
    const view = new TerminalView(this.term, {
      state: (state) => this.onState(state),
      status: (status) => {
        this.status.value = status;
      },
      resized: (size) => {
        this.size.value = size;
      },
      ended: (exit) => {
        this.exit.value = exit;
        if (!this.shown) mark(sessionId, true);
      },
      refused: (error) => notify(error.message, 'warning'),
      closed: (error) => {
        this.attachment = null;
        this.failure.value = error;
      },
      inputRoom: () => this.typing.room(),
    });
    try {
      const own = settings.peek().offerSize ? this.ownSize.value : null;
      this.attachment = this.relay.client.attach({ machineId, sessionId, view, ...(own ? { size: own } : {}) });
    } catch (error) {
      this.failure.value = error instanceof HermitError ? error : new HermitError('INTERNAL');
    }
  }

  private onState(state: AttachmentState): void {
    this.state.value = state;
    this.count();
  }

  private count(): void {
    const { attachment } = this;
    this.unsent.value = attachment ? LIMITS.inputQueue - attachment.inputRoom + this.typing.held : 0;
  }

  private measured(size: Size): void {
    this.ownSize.value = size;
    if (settings.peek().offerSize) this.attachment?.resize(size);
    // Until the session says its size, ours is the best guess.
    if (!this.size.value) this.term.resize(size.cols, size.rows);
  }

  /** Settings that change while the terminal is open. */
  private follow(): void {
    const chosen = settings.value;
    const options = optionsOf(chosen);
    Object.assign(this.term.options, options);
    this.host.style.setProperty('--terminal-ground', options.theme?.background ?? null);
    this.fitting.setFontSize(chosen.fontSize);
    const own = this.ownSize.peek();
    if (chosen.offerSize && !this.offered && own) this.attachment?.resize(own);
    this.offered = chosen.offerSize;
    if (this.shown) this.renderer.show(chosen.renderer);
  }

  /** Until the program sets a title of its own. */
  private nameByList(): void {
    const title = this.plainTitle();
    if (!this.titled) nameTab(this.tab.sessionId, title);
  }

  private plainTitle(): string {
    const { machineId, sessionId } = this.tab;
    const session = this.relay.sessions(machineId)?.find(({ id }) => id === sessionId);
    return session ? titleOf(session) : 'session';
  }

  private ring(): void {
    if (this.state.value !== 'live') return;
    if (!this.shown) mark(this.tab.sessionId, true);
    const { bell } = settings.value;
    if (bell === 'sound') beep();
    if (bell !== 'visual') return;
    this.flashing.value = true;
    setTimeout(() => {
      this.flashing.value = false;
    }, FLASH);
  }

  private sayRefused(why: Refusal): void {
    // A program that asks and gets no answer is nobody's loss; a person who types is told.
    if (performance.now() - this.byHandAt > BY_HAND) return;
    notify(REFUSALS[this.exit.value ? 'ended' : why], 'warning');
  }

  private openLink(url: string, seen: boolean): void {
    if (seen) open(url, '_blank', 'noopener,noreferrer');
    else this.link.value = url;
  }

  private prepareKeyboard(): void {
    const { textarea } = this.term;
    if (!textarea) return;
    textarea.setAttribute('autocapitalize', 'none');
    textarea.setAttribute('autocomplete', 'off');
    textarea.setAttribute('autocorrect', 'off');
    textarea.setAttribute('spellcheck', 'false');
    textarea.setAttribute('enterkeyhint', 'enter');
    const byHand = () => {
      this.byHandAt = performance.now();
    };
    for (const event of ['keydown', 'beforeinput', 'compositionend']) textarea.addEventListener(event, byHand);
    // Before the emulator has it: pasting is ours.
    this.host.addEventListener(
      'paste',
      (event) => {
        event.preventDefault();
        event.stopPropagation();
        this.paste((event as ClipboardEvent).clipboardData?.getData('text/plain') ?? '');
      },
      { capture: true },
    );
  }

  /** False: the key is the app's, not the program's. */
  private takesKey(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') return true;
    const mac = /Mac|iPhone|iPad/.test(navigator.platform);
    const command = mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && event.shiftKey;
    if (event.shiftKey && event.key === 'Insert') return false;
    if (!command || event.altKey) return true;
    switch (event.code) {
      case 'KeyF':
        this.searching.value = true;
        break;
      case 'KeyC':
        if (mac && !this.term.hasSelection()) return true;
        void this.copySelection();
        break;
      case 'KeyV':
        return false; // the browser pastes
      case 'KeyL':
        // Out of the terminal, for those who have no mouse.
        document.querySelector<HTMLElement>('.top-bar [role=tab][aria-selected=true]')?.focus();
        break;
      default:
        return true;
    }
    event.preventDefault();
    return false;
  }
}
