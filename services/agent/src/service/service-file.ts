// The agent as a service of the user: what systemd and launchd are told. Pure.

export type ServiceSpec = {
  /** The program and its arguments; none of them is secret. */
  command: readonly string[];
  /** The user's environment that sessions shall have. */
  env: Readonly<Record<string, string>>;
  machineName: string;
};

/** Exit codes after which another try changes nothing: wrong usage, refused, superseded. */
const FINAL = [2, 3, 4];
const KEEPER = 'HERMIT_KEEPER';

/** The exit code for who keeps the agent: launchd tries again whatever fails, so a final end must not look like one. */
export const exitCodeFor = (code: number, env: NodeJS.ProcessEnv): number =>
  env[KEEPER] === 'launchd' && FINAL.includes(code) ? 0 : code;
/** Seconds. */
const RESTART_AFTER = 5;

export function systemdUnit({ command, env, machineName }: ServiceSpec): string {
  const environment = Object.entries(env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
  return `# Written by hermit-agent install; hermit-agent uninstall removes it.
[Unit]
Description=Hermit agent: terminals of ${oneLine(machineName).replaceAll('%', '%%')}

[Service]
Type=exec
ExecStart=${command.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' ')}
${environment.join('\n')}
Restart=always
RestartSec=${RESTART_AFTER}
RestartPreventExitStatus=${FINAL.join(' ')}
# The agent ends its sessions itself, and lets them say goodbye.
KillMode=mixed
TimeoutStopSec=10
# One program that took too much memory shall not end all sessions.
OOMPolicy=continue

[Install]
WantedBy=default.target
`;
}

export const LAUNCHD_LABEL = 'org.hermit.agent';

export function launchdPlist({ command, env }: ServiceSpec, logFile: string): string {
  const text = (value: string) => `<string>${escaped(value)}</string>`;
  const entries = Object.entries({ ...env, [KEEPER]: 'launchd' }).map(
    ([name, value]) => `    <key>${escaped(name)}</key>\n    ${text(value)}`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  ${text(LAUNCHD_LABEL)}
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    ${text(word)}`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${entries.join('\n')}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${RESTART_AFTER * 6}</integer>
  <key>StandardErrorPath</key>
  ${text(logFile)}
</dict>
</plist>
`;
}

/** As systemd.syntax(7) wants a word: quoted, without specifiers. Variables (`$`) are a matter of commands alone. */
function quoted(word: string): string {
  const plain = oneLine(word).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
  return `"${plain}"`;
}

/** A line end would begin another setting. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]+/g, ' ');
}

function escaped(text: string): string {
  return oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
