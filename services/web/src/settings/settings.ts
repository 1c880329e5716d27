// What a person chose on this device, kept in the browser; and what the device itself says.
import { effect, signal } from '@preact/signals';
import { readSettings, type Settings } from './choices.ts';

/** A phone or a tablet without a mouse. */
export const isTouch = matchMedia('(hover: none) and (pointer: coarse)').matches;

const KEY = 'hermit.settings';

export const settings = signal<Settings>(readSettings(localStorage.getItem(KEY)));

export function change(changed: Partial<Settings>): void {
  settings.value = readSettings(JSON.stringify({ ...settings.value, ...changed }));
  localStorage.setItem(KEY, JSON.stringify(settings.value));
}

export function resetSettings(): void {
  localStorage.removeItem(KEY);
  settings.value = readSettings(null);
}

addEventListener('storage', (event) => {
  if (event.key === KEY) settings.value = readSettings(event.newValue);
});

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', () => {
  systemIsDark.value = prefersDark.matches;
});

export function isDark(): boolean {
  const { appearance } = settings.value;
  return appearance === 'system' ? systemIsDark.value : appearance === 'dark';
}

effect(() => {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
});
