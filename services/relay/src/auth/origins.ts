// Which web pages may open a socket: without this any page a user visits could, with what their browser keeps. Pure.

/**
 * `origin` and `host` are the headers of the upgrade request. Programs that are no browser send no Origin and pass.
 * A page of the relay itself has the origin that its Host header names, over http or https.
 */
export function originAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  let page: URL;
  try {
    page = new URL(origin);
  } catch {
    return false;
  }
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return false;
  return page.host === normalized(host, page.protocol) || allowed.some((other) => sameOrigin(other, page));
}

function sameOrigin(other: string, page: URL): boolean {
  try {
    return new URL(other).origin === page.origin;
  } catch {
    return false;
  }
}

/** A Host header may spell out the default port, or be in upper case; an origin never is. */
function normalized(host: string | undefined, protocol: string): string | undefined {
  try {
    return host === undefined ? undefined : new URL(`${protocol}//${host}`).host;
  } catch {
    return undefined;
  }
}
