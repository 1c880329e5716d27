// Attaches this terminal to a session: raw keys in, the screen out, and the terminal restored whatever happens.
import type { Attachment, AttachmentState } from '@hermit/client';
import type { Exit, HermitError, Size } from '@hermit/protocol';
import { systemClock, type Timer } from '@hermit/transport';
import { compileSoon } from '@hermit/transport/compiler';
import { hermitCommand } from '../agent-command.ts';
import type { Context } from '../context.ts';
import { EXIT, Failure, failureOf } from '../failure.ts';
import { word } from '../names/word.ts';
import { printable } from '../output/printable.ts';
import { type DetachKey, DetachScanner } from '../terminal/detach-key.ts';
import { Keyboard, onSignals, SIGNAL_NUMBER } from '../terminal/keyboard.ts';
import { describeExit, exitCodeOf } from './outcome.ts';
import { ScreenView } from './screen-view.ts';
import type { Target } from './target.ts';
import { troubleText } from './trouble.ts';
import { Typing } from './typing.ts';

type ScreenOptions = { readOnly: boolean; detachKey: DetachKey };

/** Its file descriptor. */
const STDOUT = 1;
/** Trouble shorter than this is not worth a word; it is told this often, milliseconds. */
const TROUBLE_MS = 1_000;
/** A terminal answers queries of what was just painted within this time, milliseconds; old queries are not answered. */
const LATE_REPLIES_MS = 500;
/** A session that follows this terminal's size does so within this time, milliseconds. */
const FOLLOW_MS = 1_500;
/** Time to read a line, milliseconds. */
const READ_MS = 3_000;
/** After this long without a machine, a first attach gives up, milliseconds. */
const FIRST_ATTACH_MS = 10_000;

/** Resolves with the exit code: the program's when it ends, 0 after the detach key. */
export function attachScreen(context: Context, target: Target, options: ScreenOptions): Promise<number> {
  compileSoon();
  return new Promise((resolve, reject) => {
    new ScreenSession(context, target, options, resolve, reject).start();
  });
}

class ScreenSession {
  private readonly context: Context;
  private readonly target: Target;
  private readonly options: ScreenOptions;
  private readonly resolve: (code: number) => void;
  private readonly reject: (failure: Failure) => void;
  private readonly keyboard: Keyboard | null;
  private readonly scanner: DetachScanner;
  private readonly typing: Typing;
  private readonly view: ScreenView;
  private readonly name: string;
  private readonly machineName: string;
  private attachment: Attachment | null = null;
  private state: AttachmentState = 'attaching';
  private stateSince = systemClock.monotonic();
  private everLive = false;
  /** When old bytes were painted last. */
  private replayedAt = Number.NEGATIVE_INFINITY;
  private overlaid = false;
  private comparing: Timer | null = null;
  private connectionSince = systemClock.monotonic();
  private done = false;
  private readonly undo: (() => void)[] = [];

  constructor(
    context: Context,
    target: Target,
    options: ScreenOptions,
    resolve: (code: number) => void,
    reject: (failure: Failure) => void,
  ) {
    this.context = context;
    this.target = target;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    this.machineName = printable(target.machine.name);
    this.name = `${printable(target.session.name)} on ${this.machineName}`;
    const title = `${this.name} (${options.detachKey.name} detaches)`;
    const { stdin } = context;
    this.keyboard = stdin.isTTY ? new Keyboard(stdin, STDOUT, title) : null;
    this.scanner = new DetachScanner(stdin.isTTY ? options.detachKey : { name: 'none', byte: null });
    this.typing = new Typing({
      send: (bytes) => this.send(bytes),
      flowing: () => this.state === 'live' || this.state === 'catching-up',
      refused: () => this.refuseTyping(),
    });
    this.view = new ScreenView({
      write: (data, done) => this.write(data, done),
      size: () => this.size,
      resized: () => this.compareSoon(),
      state: (state) => this.onState(state),
      differs: (session, terminal) => this.onDifference(session, terminal),
      ended: (exit) => this.onEnded(exit),
      refused: (error) => this.onRefused(error),
      closed: (error) => this.finish(() => this.reject(failureOf(error))),
      inputRoom: () => this.typing.flush(),
    });
  }

  start(): void {
    const { context, target, options } = this;
    const { client, machine, session } = target;
    const { stdin, stdout } = context;
    const leave = this.leaving && ` ${this.leaving}.`;
    context.note(`Attached to ${this.name}${options.readOnly ? ', to watch' : ''}.${leave}`);
    this.keyboard?.take();
    const onData = (bytes: Buffer) => this.onKeys(bytes);
    const onResize = () => {
      this.attachment?.resize(this.size);
      this.compareSoon();
    };
    const onContinue = () => {
      this.keyboard?.retake();
      this.attachment?.repaint();
    };
    const onCrash = (error: unknown) => this.finish(() => this.reject(failureOf(error)));
    stdin.on('data', onData);
    stdout.on('resize', onResize);
    process.on('SIGCONT', onContinue);
    process.on('uncaughtException', onCrash);
    const timer: Timer = systemClock.every(TROUBLE_MS / 4, () => this.lookForTrouble());
    this.undo.push(
      onSignals((signal) => this.finish(() => this.resolve(128 + SIGNAL_NUMBER[signal]))),
      client.connection.listen({
        state: () => {
          this.connectionSince = systemClock.monotonic();
        },
      }),
      () => stdin.off('data', onData).pause(),
      () => stdout.off('resize', onResize),
      () => process.off('SIGCONT', onContinue),
      () => process.off('uncaughtException', onCrash),
      () => timer.cancel(),
    );
    this.attachment = client.attach({
      machineId: machine.id,
      sessionId: session.id,
      view: this.view,
      readOnly: options.readOnly,
      size: this.size,
    });
  }

  private write(data: Uint8Array | string, done?: () => void): void {
    if (this.state === 'catching-up' && typeof data !== 'string') this.replayedAt = systemClock.monotonic();
    this.context.stdout.write(data, () => done?.());
  }

  /** How to leave; nothing when no key does. */
  private get leaving(): string {
    const { name, byte } = this.options.detachKey;
    return this.keyboard && byte !== null ? `${name} detaches` : '';
  }

  private get size(): Size {
    const { columns, rows } = this.context.stdout;
    return { cols: columns || 80, rows: rows || 24 };
  }

  // -- keys

  private onKeys(bytes: Uint8Array): void {
    const at = this.scanner.find(bytes);
    const typed = at < 0 ? bytes : bytes.subarray(0, at);
    if (typed.length > 0) this.typing.type(typed);
    if (at >= 0) this.detach();
  }

  private send(bytes: Uint8Array): boolean {
    const late = systemClock.monotonic() - this.replayedAt < LATE_REPLIES_MS;
    return this.attachment?.fromTerminal(bytes, !late) ?? false;
  }

  private refuseTyping(): void {
    this.view.bell();
    if (this.options.readOnly) return;
    const text = this.trouble();
    this.showOverlay(text ? `${text}. Typing is refused until then` : 'the program does not read what is typed');
  }

  private detach(): void {
    const { machine, session } = this.target;
    const back = `${hermitCommand(this.context.env)} attach ${word(machine.name)} ${word(session.name)}`;
    this.finish(() => {
      this.context.note(`Detached; ${this.name} goes on. Come back: ${back}`);
      this.resolve(EXIT.ok);
    });
  }

  // -- what the attachment tells

  private onState(state: AttachmentState): void {
    this.state = state;
    this.stateSince = systemClock.monotonic();
    if (state !== 'live') return;
    this.overlaid = false;
    this.typing.flush();
    if (this.everLive) return;
    this.everLive = true;
    // What was said before the first picture has moved up, out of sight.
    if (this.leaving) this.showHint(this.leaving);
  }

  private onEnded(exit: Exit): void {
    this.finish(() => {
      this.context.note(`${this.name} has ended ${describeExit(exit)}.`);
      this.resolve(exitCodeOf(exit));
    });
  }

  private onRefused(error: HermitError): void {
    this.view.bell();
    if (error.code === 'INPUT_LOST') this.showOverlay('what was typed last may not have arrived; please look');
  }

  /** Compares the sizes once the session has had time to take this terminal's. */
  private compareSoon(): void {
    this.comparing ??= systemClock.after(FOLLOW_MS, () => {
      this.comparing = null;
      if (!this.done) this.view.compare();
    });
  }

  private onDifference(session: Size, terminal: Size): void {
    const text = `${this.name} is ${session.cols}x${session.rows}, this terminal ${terminal.cols}x${terminal.rows}`;
    this.context.stdout.write(`\x1b]2;${text}\x07`);
    if (this.state === 'live') this.showHint(text);
  }

  // -- trouble

  private trouble(): string | null {
    const { state } = this.target.client.connection;
    return troubleText(this.machineName, this.state, state, this.connectionSince, systemClock.monotonic());
  }

  private lookForTrouble(): void {
    if (this.state === 'live' || this.state === 'catching-up') return;
    const lasted = systemClock.monotonic() - this.stateSince;
    if (!this.everLive) {
      const offline = this.state === 'machine-offline';
      if (offline || lasted > FIRST_ATTACH_MS) {
        const what = offline ? 'is offline' : 'does not answer';
        this.finish(() => this.reject(new Failure(EXIT.unreachable, `The machine "${this.machineName}" ${what}.`)));
      }
      return;
    }
    const text = this.trouble();
    if (text && lasted >= TROUBLE_MS) this.showOverlay(text);
  }

  private showOverlay(text: string): void {
    this.view.overlay(text);
    this.takeBack();
  }

  private showHint(text: string): void {
    this.view.corner(text);
    this.takeBack();
  }

  /** What is under a line comes back with a new picture of the screen. */
  private takeBack(): void {
    if (this.overlaid) return;
    this.overlaid = true;
    if (this.state !== 'live') this.attachment?.repaint();
    else systemClock.after(READ_MS, () => this.done || this.attachment?.repaint());
  }

  private finish(act: () => void): void {
    if (this.done) return;
    this.done = true;
    this.attachment?.detach();
    for (const undo of this.undo) undo();
    this.keyboard?.restore();
    act();
  }
}
