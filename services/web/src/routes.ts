// The addresses of the app's pages. Pure.
import { isUuid } from '@hermit/protocol';

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
  /** Single sign-on came to nothing; `code` of the error. */
  | { page: 'sso'; code: string }
  | { page: 'unknown' };

export function routeOf(url: URL): Route {
  const [first, second, third, fourth] = url.pathname.split('/').filter((part) => part !== '');
  const code = decoded(url.hash.slice(1));
  switch (first) {
    case undefined:
      return { page: 'machines' };
    case 'm':
      return second && third === 's' && fourth && isUuid(second) && isUuid(fourth)
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
    case 'sso':
      return { page: 'sso', code };
    default:
      return { page: 'unknown' };
  }
}

export const terminalPath = (machineId: string, sessionId: string): string => `/m/${machineId}/s/${sessionId}`;

/** What a person mistyped is shown as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
