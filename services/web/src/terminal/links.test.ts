// What is shown of an address before it is opened.
import { describe, expect, it } from 'vitest';
import { addressOf, isPlain } from './links.ts';

describe('an address', () => {
  it.each([
    ['https://example.org', 'https://example.org/'],
    ['HTTPS://EXAMPLE.org/Path', 'https://example.org/Path'],
    // The first letter is Cyrillic.
    ['https://\u0430pple.com/login', 'https://xn--pple-43d.com/login'],
    // No slash, but a letter that looks like one.
    ['https://example.org\u2044evil.test/', 'https://example.xn--orgevil-3d7c.test/'],
    ['https://example.org%2eevil.test/', 'https://example.org.evil.test/'],
    ['https://example.org@evil.test/', 'https://example.org@evil.test/'],
    ['https://0x7f.1/', 'https://127.0.0.1/'],
    ['https:\\\\evil.test', 'https://evil.test/'],
    ['javascript:alert(1)', null],
    ['file:///etc/passwd', null],
    ['no address', null],
  ])('%j is %j', (text, address) => {
    expect(addressOf(text)).toBe(address);
  });

  it.each([
    ['http://127.0.0.1:3000/shown', true],
    ['https://Example.org/a?b=c', true],
    ['https://\u0430pple.com/', false],
    ['https://example.org@evil.test/', false],
    ['https://0x7f.1/', false],
    ['nothing', false],
  ])('%j shows its host: %j', (text, plain) => {
    expect(isPlain(text)).toBe(plain);
  });
});
