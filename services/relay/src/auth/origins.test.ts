// Pages that may open a socket, and pages that may not.
import { expect, it } from 'vitest';
import { originAllowed } from './origins.ts';

const allowed = ['https://console.example.org', 'http://localhost:5173'];

it.each([
  ['no browser', undefined, 'relay.example'],
  ['the relay itself', 'https://relay.example', 'relay.example'],
  ['the relay itself, on loopback', 'http://127.0.0.1:3001', '127.0.0.1:3001'],
  ['the relay itself, port spelt out', 'https://relay.example', 'Relay.example:443'],
  ['a page that is listed', 'https://console.example.org', 'relay.example'],
  ['a page that is listed, with a port', 'http://localhost:5173', 'relay.example'],
])('%s may', (_, origin, host) => {
  expect(originAllowed(origin, host, allowed)).toBe(true);
});

it.each([
  ['another page', 'https://evil.example', 'relay.example'],
  ['a sandboxed page', 'null', 'relay.example'],
  ['a name that begins alike', 'https://relay.example.evil.example', 'relay.example'],
  ['a listed name on another port', 'http://localhost:5174', 'relay.example'],
  ['a listed name over another scheme', 'http://console.example.org', 'relay.example'],
  ['another port of the same host', 'http://127.0.0.1:8080', '127.0.0.1:3001'],
  ['a file', 'file://relay.example', 'relay.example'],
  ['nonsense', 'not an origin', 'relay.example'],
  ['a page, when there is no Host', 'https://relay.example', undefined],
  ['a page, when Host is nonsense', 'https://relay.example', 'a b'],
])('%s may not', (_, origin, host) => {
  expect(originAllowed(origin, host, allowed)).toBe(false);
});
