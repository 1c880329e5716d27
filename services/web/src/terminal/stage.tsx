// The open terminals, one above the other: each tab keeps its emulator and its attachment while another is shown.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { startSession } from '../machines/sessions.ts';
import type { Relay } from '../relay/relay.ts';
import { isTouch } from '../settings/settings.ts';
import { closeTab, marked, stepTab, type Tab, tabs, titles } from '../tabs.ts';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import { KeyRow } from './key-row.tsx';
import { OpenTerminal } from './open-terminal.ts';
import { LinkQuestion, PasteQuestion } from './questions.tsx';
import { SearchBar } from './search-bar.tsx';
import { TextSheet } from './text-sheet.tsx';
import { Tools } from './tools.tsx';

type Props = { relay: Relay; shown: string | null };

export function Stage({ relay, shown }: Props): JSX.Element {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.ctrlKey || !event.shiftKey) return;
      const step = { PageUp: -1, PageDown: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      stepTab(step);
    };
    addEventListener('keydown', onKey, { capture: true });
    return () => removeEventListener('keydown', onKey, { capture: true });
  }, []);
  return (
    <main class="stage" id="terminals" hidden={shown === null}>
      {tabs.value.map((tab) => (
        <Pane key={tab.sessionId} relay={relay} tab={tab} shown={tab.sessionId === shown} />
      ))}
    </main>
  );
}

function Pane({ relay, tab, shown }: { relay: Relay; tab: Tab; shown: boolean }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const terminal = useSignal<OpenTerminal | null>(null);
  const { sessionId } = tab;
  const seen = useRef(false);
  seen.current ||= shown;
  const everSeen = seen.current;

  useEffect(() => {
    if (!everSeen || !host.current) return;
    const opened = new OpenTerminal(relay, tab, host.current);
    terminal.value = opened;
    return () => {
      terminal.value = null;
      opened.dispose();
    };
  }, [relay, everSeen]);
  const { value: open } = terminal;
  useEffect(() => open?.show(shown), [open, shown]);

  const title = titles.value.get(sessionId) ?? 'session';
  const machine = relay.machine(tab.machineId).value?.name;
  // Seen from another tab of the browser, or another window.
  const someRang = marked.value.size > 0;
  useEffect(() => {
    if (!shown) return;
    const name = machine ? `${title} · ${machine}` : title;
    document.title = someRang ? `● ${name}` : name;
    return () => {
      document.title = 'Hermit';
    };
  }, [shown, title, machine, someRang]);

  return (
    <section
      class={shown ? 'pane' : 'pane away'}
      role="tabpanel"
      id={`panel-${sessionId}`}
      aria-labelledby={`tab-${sessionId}`}
      inert={!shown}
    >
      {open && shown && <Tools relay={relay} terminal={open} />}
      <div class={open?.bell.flashing.value ? 'screen-place flashing' : 'screen-place'}>
        <div class="screen" ref={host} />
        {open?.searching.value && <SearchBar terminal={open} />}
        {open && <Consent terminal={open} />}
      </div>
      {open && <Ending relay={relay} terminal={open} />}
      {open && shown && isTouch && <KeyRow terminal={open} />}
      {open && shown && open.pasteAsked.value !== null && <PasteQuestion terminal={open} />}
      {open && shown && open.link.value !== null && <LinkQuestion terminal={open} />}
      {open && shown && open.textShown.value && (
        <TextSheet
          term={open.term}
          onClose={() => {
            open.textShown.value = false;
          }}
          focusAfter={() => open.takeFocus()}
        />
      )}
    </section>
  );
}

/** The program has ended, or the session cannot be shown: why, and what can be done. */
function Ending({ relay, terminal }: { relay: Relay; terminal: OpenTerminal }): JSX.Element | null {
  const exit = terminal.exit.value;
  const failure = terminal.failure.value;
  if (!exit && !failure) return null;
  const { machineId, sessionId } = terminal.tab;
  // Guests may see a session, and start none.
  const own = relay.machine(machineId).value !== undefined;
  const text = failure
    ? failure.code === 'SESSION_NOT_FOUND'
      ? 'This session is no more: its machine has restarted, or it ended long ago.'
      : failure.message
    : exit?.signal
      ? `The program was ended by signal ${exit.signal}.`
      : exit?.exitCode === null
        ? 'The program has ended.'
        : `The program has ended with exit code ${exit?.exitCode}.`;
  const start = async () => {
    try {
      await startSession(relay, machineId);
      closeTab(sessionId);
    } catch (error) {
      notify((error as Error).message, 'warning');
    }
  };
  return (
    <div class="strip" role="status">
      <span>{text}</span>
      {failure && failure.code !== 'SESSION_NOT_FOUND' && (
        <button type="button" class="small" onClick={() => terminal.again()}>
          Try again
        </button>
      )}
      {own && (
        <button type="button" class="small" onClick={start}>
          New session
        </button>
      )}
      <button type="button" class="small" onClick={() => closeTab(sessionId)}>
        Close the tab
      </button>
    </div>
  );
}

function Consent({ terminal }: { terminal: OpenTerminal }): JSX.Element | null {
  const { clipboard } = terminal;
  const text = clipboard.asked.value;
  if (text === null) return null;
  const answer = (said: Parameters<typeof clipboard.answer>[0]) => {
    clipboard.answer(said);
    terminal.takeFocus();
  };
  // Above the last lines, not below them: a question resizes no program.
  return (
    <div class="strip over" role="alert">
      <Icon name="copy" />
      <span>The program wants to put {text.length.toLocaleString('en')} characters on your clipboard.</span>
      <button type="button" class="small" onClick={() => answer('once')}>
        Copy
      </button>
      <button type="button" class="small" onClick={() => answer('always')}>
        Always
      </button>
      <button type="button" class="small" onClick={() => answer('no')}>
        No
      </button>
      <button type="button" class="small" onClick={() => answer('never')}>
        Never
      </button>
    </div>
  );
}
