// Single sign-on came to nothing: why, and the way back.
import type { JSX } from 'preact';
import { user } from '../relay/account.ts';
import { go } from '../router.ts';
import { Shell } from '../ui/icons.tsx';
import { wantedPage } from './wanted-page.ts';

const REASONS: Record<string, string> = {
  INVALID_TOKEN: 'This attempt is too old, was begun in another browser, or was not confirmed by the provider.',
  FORBIDDEN: 'The provider does not vouch for your e-mail address, so no account here can be yours by it.',
  DUPLICATE:
    'There is an account here already, of your address or of this identity. Sign in to yours with its password, and link the two in its settings.',
  REGISTRATION_CLOSED:
    'You have no account here yet, and new ones are made by invitation alone. Ask who runs this relay.',
  NOT_FOUND: 'There is no single sign-on at this relay.',
  RATE_LIMITED: 'There were too many attempts from where you are. Wait a minute.',
  UNAVAILABLE: 'The provider, or the accounts of this relay, cannot be reached at the moment. Try again.',
};

export function SignOnFailed({ code }: { code: string }): JSX.Element {
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return (
    <main class="door" id="main">
      <div class="door-card">
        <Shell />
        <h1>Single sign-on did not work</h1>
        <p class="trouble" role="alert">
          {known ?? 'Something failed. Try again.'}
        </p>
        {user.value === null && (
          <a class="button primary" href="/auth/sso">
            Try again
          </a>
        )}
        <button type="button" onClick={() => go(wantedPage() ?? '/', { replace: true })}>
          {user.value === null ? 'Sign in another way' : 'To your machines'}
        </button>
      </div>
    </main>
  );
}
