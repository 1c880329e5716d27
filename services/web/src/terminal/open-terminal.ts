// One open session: its emulator, its attachment to the session, and what the page shows of both.
import type { Attachment, AttachmentState, SessionStatus } from '@hermit/client';
import { type Exit, HermitError, LIMITS, type Size, type SizePolicy } from '@hermit/protocol';
import { effect, signal } from '@preact/signals';
import type { SearchAddon } from '@xterm/addon-search';
import type { Terminal } from '@xterm/xterm';
import { titleAt, windowSize } from '../machines/sessions.ts';
import type { Relay } from '../relay/relay.ts';
import { isTouch, settings } from '../settings/settings.ts';
import { mark, nameTab, type Tab } from '../tabs.ts';
import { copy } from '../ui/clipboard.ts';
import { warnBeforeLeaving } from '../ui/leaving.ts';
import { notify } from '../ui/notices.tsx';
import { Bell } from './bell.ts';
import { createEmulator, optionsOf } from './emulator.ts';
import { Fitting } from './fitting.ts';
import { followKeyboard } from './keyboard.ts';
import { addressOf, isPlain } from './links.ts';
import { ProgramClipboard } from './program-clipboard.ts';
import { Renderer } from './renderer.ts';
import { TerminalView } from './terminal-view.ts';
import { followTouch } from './touch.ts';
import { REFUSALS, type Refusal, Typing } from './typing.ts';

/** What is typed without a keystroke just before was no person: a reply, a report. Milliseconds. */
const BY_HAND = 1_000;

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
  /** An address that waits for a yes, as it is. */
  readonly link = signal<string | null>(null);
  readonly bell = new Bell();
  readonly textShown = signal(false);
  readonly searching = signal(false);
  private attachment: Attachment | null = null;
  private shown = false;
  private titled = false;
  private offered = settings.peek().offerSize;
  private byHandAt = Number.NEGATIVE_INFINITY;
  private readonly relay: Relay;
  private readonly host: HTMLElement;
  readonly renderer: Renderer;
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
      nameTab(tab.sessionId, title.trim() || titleAt(relay, tab) || 'session');
    });
    term.onBell(() => this.ring());
    term.onSelectionChange(() => {
      if (settings.peek().copyOnSelect && term.hasSelection()) void copy(term.getSelection());
    });
    this.term.options.fontSize = chosen.fontSize;
    term.open(host);
    this.renderer = new Renderer(term);
    followKeyboard(this, host);
    this.fitting = new Fitting(term, host, chosen.fontSize, (size) => this.measured(size));
    const looking = setInterval(() => this.count(), 250);
    const over = new AbortController();
    document.addEventListener('visibilitychange', () => this.seen(), over);
    this.endings.push(
      () => clearInterval(looking),
      () => over.abort(),
      relay.watch(tab.machineId),
      warnBeforeLeaving(() => this.mayLose),
      followTouch(this, host),
      effect(() => this.follow()),
      effect(() => this.nameByList()),
      () => this.fitting.dispose(),
      () => this.renderer.hide(),
    );
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
    this.takeFocus();
    mark(this.tab.sessionId, false);
  }

  /** Looked at again, after the page was in the back: what rang has been heard. */
  seen(): void {
    if (this.shown && !document.hidden) mark(this.tab.sessionId, false);
  }

  /** After a failure that another try may mend. */
  again(): void {
    this.failure.value = null;
    this.attach();
  }

  dispose(): void {
    if (this.mayLose) this.sayUnsent(this.unsent.peek());
    this.attachment?.detach();
    this.attachment = null;
    for (const end of this.endings) end();
    this.term.dispose();
  }

  /** The attachment, as the session knows it. */
  get clientId(): string | null {
    return this.attachment?.clientId ?? null;
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
    this.byHand();
    const shell = this.term.buffer.active.type === 'normal';
    const several = /[\r\n]/.test(text.replace(/\r?\n$/, '')) || (/[\r\n]$/.test(text) && !this.bracketed);
    if (settings.value.warnBeforePaste && shell && several) this.pasteAsked.value = text;
    else this.typing.paste(text);
  }

  /** A person has just touched a key: what is refused now is told. */
  byHand(): void {
    this.byHandAt = performance.now();
  }

  /** A key of the key row. */
  press(key: string): void {
    this.byHand();
    this.typing.press(key);
  }

  /** Where typing goes on; on a phone that would open the keyboard, so there a finger decides. */
  takeFocus(): void {
    if (!isTouch) this.term.focus();
  }

  answerPaste(yes: boolean): void {
    const text = this.pasteAsked.value;
    this.pasteAsked.value = null;
    if (yes && text !== null) {
      this.byHand();
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
        this.sayUnsent(this.unsent.peek());
        this.typing.abandon();
        this.count();
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

  /** What waits for a connection, or for room, goes with the page; what is on its way arrives without it. */
  private get mayLose(): boolean {
    this.count();
    return this.unsent.peek() > 0 && (this.state.peek() !== 'live' || this.typing.held > 0);
  }

  private sayUnsent(bytes: number): void {
    if (bytes > 0) notify(`Not sent: ${bytes.toLocaleString('en')} bytes that were typed last.`, 'warning');
  }

  private measured(size: Size): void {
    this.ownSize.value = size;
    windowSize.value = size;
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
    const title = titleAt(this.relay, this.tab);
    // What the tab was called before a reload stands until something better is known.
    if (!this.titled && title) nameTab(this.tab.sessionId, title);
  }

  private ring(): void {
    if (this.state.value !== 'live') return;
    if (!this.shown || document.hidden) mark(this.tab.sessionId, true);
    this.bell.ring(settings.value.bell);
  }

  private sayRefused(why: Refusal): void {
    // A program that asks and gets no answer is nobody's loss; a person who types is told.
    if (performance.now() - this.byHandAt > BY_HAND) return;
    notify(REFUSALS[this.exit.value ? 'ended' : why], 'warning');
  }

  private openLink(url: string, seen: boolean): void {
    // A finger that meant to open the keyboard opens no page.
    if (seen && !isTouch && isPlain(url)) open(url, '_blank', 'noopener,noreferrer');
    else this.link.value = addressOf(url);
  }
}
