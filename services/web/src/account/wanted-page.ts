// The page that somebody wanted before they went to sign in elsewhere: kept by this tab alone, for as long as it is.

const KEY = 'hermit.wanted';

export function keepWantedPage(): void {
  sessionStorage.setItem(KEY, location.pathname + location.search + location.hash);
}

/** Null: none. */
export function wantedPage(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Once. */
export function takeWantedPage(): string | null {
  const wanted = wantedPage();
  sessionStorage.removeItem(KEY);
  return wanted;
}
