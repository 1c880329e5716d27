// Where in the app one is: the address of the page, as a signal.
import { signal } from '@preact/signals';

export type Route =
  | { page: 'machines' }
  | { page: 'terminal'; machineId: string; sessionId: string }
  | { page: 'settings' }
  /** A device asks to be signed in; `code` as it shows it. */
  | { page: 'device'; code: string }
  /** A link that signs in once, and where to go then. */
  | { page: 'link'; code: string; machineId: string | null }
  /** Somebody shared a session by a link. */
  | { page: 'join'; code: string }
  | { page: 'unknown' };

export function routeOf(url: URL): Route {
  const [first, second, third, fourth] = url.pathname.split('/').filter((part) => part !== '');
  const code = decodeURIComponent(url.hash.slice(1));
  switch (first) {
    case undefined:
      return { page: 'machines' };
    case 'm':
      return second && third === 's' && fourth
        ? { page: 'terminal', machineId: second, sessionId: fourth }
        : { page: 'unknown' };
    case 'settings':
      return { page: 'settings' };
    case 'device':
      return { page: 'device', code: url.searchParams.get('code') ?? code };
    case 'link':
      return { page: 'link', code, machineId: url.searchParams.get('machine') };
    case 'join':
      return { page: 'join', code };
    default:
      return { page: 'unknown' };
  }
}

export const terminalPath = (machineId: string, sessionId: string): string => `/m/${machineId}/s/${sessionId}`;

export const route = signal<Route>(routeOf(new URL(location.href)));

/** `replace`: the present page does not stay in the history (it holds a code that works once). */
export function go(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  route.value = routeOf(new URL(location.href));
}

addEventListener('popstate', () => {
  route.value = routeOf(new URL(location.href));
});
