// What systemd and launchd are told: word for word what was meant, whatever is in the words.
import { describe, expect, it } from 'vitest';
import { exitCodeFor, launchdPlist, systemdUnit } from './service-file.ts';

const spec = {
  command: ['/usr/bin/node', 'run', '--name', 'a "b" %h $HOME \\ é', '--relay', 'https://r.example.org/?a=1&b=<2>'],
  env: { PATH: '/usr/bin:/$odd', SHELL: '/bin/zsh' },
  machineName: 'box\n[Service]\nExecStart=/bin/evil',
};

describe('the unit of systemd', () => {
  const lines = systemdUnit(spec).split('\n');

  it('has one command, of the words that were given', () => {
    const starts = lines.filter((line) => line.startsWith('ExecStart='));
    expect(starts).toHaveLength(1);
    expect(starts[0]).toBe(
      'ExecStart="/usr/bin/node" "run" "--name" "a \\"b\\" %%h $$HOME \\\\ é" "--relay" "https://r.example.org/?a=1&b=<2>"',
    );
  });

  it('cannot be given further settings by a name', () => {
    expect(lines.filter((line) => line === '[Service]')).toHaveLength(1);
    expect(lines.find((line) => line.startsWith('Description='))).toContain('box [Service] ExecStart=/bin/evil');
  });

  it('starts again what fails, but not what was refused', () => {
    expect(lines).toEqual(
      expect.arrayContaining(['Restart=always', 'RestartPreventExitStatus=2 3 4', 'KillMode=mixed']),
    );
    expect(lines).toEqual(
      expect.arrayContaining(['Environment="PATH=/usr/bin:/$odd"', 'Environment="SHELL=/bin/zsh"']),
    );
  });
});

describe('the list of launchd', () => {
  it('has the words that were given, as XML', () => {
    const plist = launchdPlist(spec, '/tmp/a<b>.log');
    expect(plist).toContain('<string>https://r.example.org/?a=1&amp;b=&lt;2&gt;</string>');
    expect(plist).toContain('<string>a &quot;b&quot; %h $HOME \\ é</string>');
    expect(plist).toContain('<key>RunAtLoad</key>\n  <true/>');
  });

  it('starts again what fails, but not what was refused', () => {
    const plist = launchdPlist(spec, '/tmp/log');
    expect(plist).toMatch(/<key>SuccessfulExit<\/key>\s*<false\/>/);
    expect(plist).toContain('<key>HERMIT_KEEPER</key>\n    <string>launchd</string>');
    const codes = [0, 1, 2, 3, 4];
    expect(codes.map((code) => exitCodeFor(code, { HERMIT_KEEPER: 'launchd' }))).toEqual([0, 1, 0, 0, 0]);
    expect(codes.map((code) => exitCodeFor(code, {}))).toEqual(codes);
  });
});
