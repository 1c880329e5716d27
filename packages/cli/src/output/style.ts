// Colours, only where somebody sees them.

export type Style = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

/** NO_COLOR, when it is there and not empty, means none; FORCE_COLOR means always. */
export function styleFor(env: NodeJS.ProcessEnv, isTTY: boolean): Style {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  const on = !env.NO_COLOR && (forced || (isTTY && env.TERM !== 'dumb'));
  const paint = (code: number) => (text: string) => (on && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33), cyan: paint(36) };
}
