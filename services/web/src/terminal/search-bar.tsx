// Finds text in the terminal and the lines above it.

import { useSignal } from '@preact/signals';
import type { ISearchOptions } from '@xterm/addon-search';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { schemeFor } from '../settings/schemes.ts';
import { isDark, settings } from '../settings/settings.ts';
import { Icon } from '../ui/icons.tsx';
import type { OpenTerminal } from './open-terminal.ts';

/** Marks that the scheme's own text is readable on. */
const marks = {
  dark: {
    matchBackground: '#6b5a2a',
    matchOverviewRuler: '#f0c674',
    activeMatchBackground: '#a3560f',
    activeMatchBorder: '#ff9d5c',
    activeMatchColorOverviewRuler: '#ff9d5c',
  },
  light: {
    matchBackground: '#f6e3a1',
    matchOverviewRuler: '#b58900',
    activeMatchBackground: '#ffb46b',
    activeMatchBorder: '#b8501b',
    activeMatchColorOverviewRuler: '#b8501b',
  },
};

export function SearchBar({ terminal }: { terminal: OpenTerminal }): JSX.Element {
  const { search, term } = terminal;
  const field = useRef<HTMLInputElement>(null);
  const found = useSignal<{ index: number; count: number } | null>(null);
  const caseSensitive = useSignal(false);
  const regex = useSignal(false);

  useEffect(() => {
    field.current?.focus();
    field.current?.select();
    const listening = search.onDidChangeResults(({ resultIndex, resultCount }) => {
      found.value = { index: resultIndex, count: resultCount };
    });
    return () => {
      listening.dispose();
      search.clearDecorations();
    };
  }, []);

  const look = (forward: boolean, incremental = false) => {
    const text = field.current?.value ?? '';
    const options: ISearchOptions = {
      caseSensitive: caseSensitive.value,
      regex: regex.value,
      incremental,
      decorations: marks[schemeFor(settings.value.scheme, isDark()).dark ? 'dark' : 'light'],
    };
    if (text === '') {
      search.clearDecorations();
      found.value = null;
      return;
    }
    try {
      if (forward) search.findNext(text, options);
      else search.findPrevious(text, options);
    } catch {
      found.value = { index: -1, count: 0 }; // a regular expression that is not finished
    }
  };
  const close = () => {
    terminal.searching.value = false;
    term.focus();
  };

  const { value: result } = found;
  return (
    <search class="search-bar">
      <input
        ref={field}
        type="search"
        aria-label="Find"
        placeholder="Find"
        spellcheck={false}
        onInput={() => look(false, true)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') look(event.shiftKey);
          if (event.key === 'Escape') close();
        }}
      />
      <output class="search-count">
        {result === null ? '' : result.count === 0 ? 'none' : `${result.index + 1} of ${result.count}`}
      </output>
      <Toggle on={caseSensitive} face="Aa" name="Match case" changed={() => look(false, true)} />
      <Toggle on={regex} face=".*" name="Regular expression" changed={() => look(false, true)} />
      <button type="button" class="quiet square" aria-label="Earlier" onClick={() => look(false)}>
        <Icon name="up" />
      </button>
      <button type="button" class="quiet square" aria-label="Later" onClick={() => look(true)}>
        <Icon name="down" />
      </button>
      <button type="button" class="quiet square" aria-label="Close" onClick={close}>
        <Icon name="close" />
      </button>
    </search>
  );
}

type ToggleProps = { on: { value: boolean }; face: string; name: string; changed(): void };

function Toggle({ on, face, name, changed }: ToggleProps): JSX.Element {
  return (
    <button
      type="button"
      class="quiet square mono"
      aria-label={name}
      title={name}
      aria-pressed={on.value}
      onClick={() => {
        on.value = !on.value;
        changed();
      }}
    >
      {face}
    </button>
  );
}
