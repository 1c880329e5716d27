// Settings of this device: how it looks, how it types, what programs may.
import type { ComponentChildren, JSX } from 'preact';
import type { Relay } from '../relay/relay.ts';
import { AccountSettings } from './account-settings.tsx';
import { FONT_SIZE, SCROLLBACK, type Settings } from './choices.ts';
import { schemeFor, schemes } from './schemes.ts';
import { change, isDark, resetSettings, settings } from './settings.ts';

export function SettingsPage({ relay }: { relay: Relay }): JSX.Element {
  const chosen = settings.value;
  return (
    <div class="settings">
      <header class="page-head">
        <h1>Settings</h1>
        <p class="page-sub">Kept on this device.</p>
      </header>
      <Group title="Appearance">
        <Choice
          name="appearance"
          label="Theme"
          options={{ system: 'As the system', dark: 'Dark', light: 'Light' }}
          value={chosen.appearance}
        />
        <label>
          Terminal colours
          <select value={chosen.scheme} onChange={(event) => change({ scheme: event.currentTarget.value })}>
            <option value="auto">With the theme</option>
            {Object.entries(schemes).map(([name, { label }]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <Sample />
        <Whole name="fontSize" label="Font size" min={FONT_SIZE.min} max={FONT_SIZE.max} />
        <label>
          Font <span class="hint">one that this device has; empty: its own</span>
          <input
            value={chosen.fontFamily}
            maxLength={100}
            spellcheck={false}
            onChange={(event) => change({ fontFamily: event.currentTarget.value })}
          />
        </label>
        <Flag name="cursorBlink" label="Blinking cursor" />
        <Choice
          name="renderer"
          label="Drawn by"
          options={{ auto: 'What is fastest', gpu: 'The GPU', dom: 'The page' }}
          value={chosen.renderer}
        />
      </Group>
      <Group title="Reading">
        <Flag name="screenReader" label="Screen reader mode" hint="What programs print is read aloud." />
        <Flag
          name="moreContrast"
          label="More contrast"
          hint="Colours that are too close to the background are moved."
        />
        <Whole
          name="scrollback"
          label="Lines kept above the screen"
          min={SCROLLBACK.min}
          max={SCROLLBACK.max}
          step={10_000}
        />
        <Choice
          name="bell"
          label="Bell"
          options={{ visual: 'A flash', sound: 'A sound', none: 'Nothing' }}
          value={chosen.bell}
        />
      </Group>
      <Group title="Typing and copying">
        <Flag name="warnBeforePaste" label="Ask before several lines are pasted into a shell" />
        <Flag name="copyOnSelect" label="Copy what is selected" />
        <Choice
          name="programClipboard"
          label="Programs may copy to the clipboard"
          options={{ ask: 'After asking', allow: 'Always', never: 'Never' }}
          value={chosen.programClipboard}
        />
        <Flag
          name="offerSize"
          label="Ask sessions for this window's size"
          hint="Without it this device never resizes a session, and shows it in the size it has."
        />
        <label>
          Keys above the keyboard{' '}
          <span class="hint">esc tab ctrl alt left up down right home end pgup pgdn f1 ^C, or any text</span>
          <input
            class="mono"
            value={chosen.keys.join(' ')}
            spellcheck={false}
            autoCapitalize="off"
            onChange={(event) => change({ keys: event.currentTarget.value.split(/\s+/).filter((key) => key !== '') })}
          />
        </label>
      </Group>
      <Group title="Keyboard">
        <dl class="shortcuts">
          {shortcuts.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Group>
      <button type="button" onClick={resetSettings}>
        Back to the defaults
      </button>
      <AccountSettings relay={relay} />
    </div>
  );
}

const shortcuts: readonly [string, string][] = [
  ['Ctrl+Shift+F', 'Find (on a Mac: ⌘F)'],
  ['Ctrl+Shift+C', 'Copy the selection (⌘C)'],
  ['Ctrl+Shift+V', 'Paste (⌘V)'],
  ['Ctrl+Shift+PgUp / PgDn', 'Tab before, tab after'],
  ['Ctrl+Shift+L', 'Leave the terminal: the focus goes to the tabs (⌘L)'],
];

function Group({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="group">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

type Named<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];

function Flag({ name, label, hint }: { name: Named<boolean>; label: string; hint?: string }): JSX.Element {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={settings.value[name]}
        onChange={(event) => change({ [name]: event.currentTarget.checked })}
      />
      <span>
        {label}
        {hint && <span class="hint">{hint}</span>}
      </span>
    </label>
  );
}

type WholeProps = { name: Named<number>; label: string; min: number; max: number; step?: number };

function Whole({ name, label, ...range }: WholeProps): JSX.Element {
  return (
    <label>
      {label}
      <input
        type="number"
        value={settings.value[name]}
        {...range}
        onChange={(event) => {
          const { valueAsNumber: wanted } = event.currentTarget;
          const { min, max } = range;
          if (Number.isFinite(wanted)) change({ [name]: Math.min(max, Math.max(min, Math.round(wanted))) });
          // What is no number, or what is out of range, is seen to become what it is.
          event.currentTarget.value = String(settings.value[name]);
        }}
      />
    </label>
  );
}

type ChoiceProps = { name: keyof Settings; label: string; options: Record<string, string>; value: string };

function Choice({ name, label, options, value }: ChoiceProps): JSX.Element {
  return (
    <fieldset class="segments">
      <legend>{label}</legend>
      {Object.entries(options).map(([option, text]) => (
        <label key={option}>
          <input type="radio" name={name} checked={value === option} onChange={() => change({ [name]: option })} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Sample(): JSX.Element {
  const { theme } = schemeFor(settings.value.scheme, isDark());
  const colour = (name: 'green' | 'blue' | 'yellow' | 'red' | 'foreground') => ({ color: theme[name] ?? '' });
  return (
    <pre class="sample" aria-hidden="true" style={{ background: theme.background ?? '', ...colour('foreground') }}>
      <span style={colour('green')}>you@buildbox</span> <span style={colour('blue')}>~/hermit</span> ${' '}
      <span style={colour('yellow')}>git</span> status{'\n'}
      <span style={colour('red')}>modified:</span> README.md
    </pre>
  );
}
