// Where tokens are kept: no relay is shown the token of another, and no machine has that of another.
import { describe, expect, it } from 'vitest';
import { tokenFileOf } from './token-file.ts';

const at = (relay: string, name = 'box') => tokenFileOf(relay, name, { XDG_CONFIG_HOME: '/c' });

describe('the file of a token', () => {
  it('is one for each relay and name', () => {
    const files = [
      ...[at('https://a.example.org'), at('https://b.example.org'), at('https://a.example.org:8443')],
      ...[at('http://a.example.org'), at('https://a.example.org/hermit')],
      ...[at('https://a.example.org', 'new box'), at('https://a.example.org', 'new_box')],
    ];
    expect(new Set(files).size).toBe(files.length);
    for (const file of files) expect(file).toMatch(/^\/c\/hermit\/(box|new_box)@[ab]\.example\.org[\w-]*\.token$/);
  });

  it('is the same however the relay is written', () => {
    for (const other of ['https://A.example.org/', 'https://a.example.org:443', 'wss://a.example.org']) {
      expect(at(other)).toBe(at('https://a.example.org'));
    }
  });

  it('has a name that every file system takes', () => {
    const name = at('https://a.example.org', '机'.repeat(64)).split('/').at(-1) ?? '';
    expect(name).toMatch(/^[\w@.-]{1,200}$/);
    expect(at('https://a.example.org', '../../etc').startsWith('/c/hermit/_')).toBe(true);
    expect(() => at('nowhere')).toThrow('must be a URL');
  });
});
