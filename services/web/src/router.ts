// Where in the app one is: the address of the page, as a signal.
import { signal } from '@preact/signals';
import { type Route, routeOf } from './routes.ts';

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
