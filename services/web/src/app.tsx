// The app: which page is shown, and the bar above all of them.
import type { JSX } from 'preact';
import { ApproveDevice } from './account/approve-device.tsx';
import { SignIn } from './account/sign-in.tsx';
import { SignInLink } from './account/sign-in-link.tsx';
import { SignOnFailed } from './account/sign-on-failed.tsx';
import { MachinesPage } from './machines/machines-page.tsx';
import { relay, user } from './relay/account.ts';
import { go, route } from './router.ts';
import { SettingsPage } from './settings/settings-page.tsx';
import { Join } from './sharing/join.tsx';
import { tabs } from './tabs.ts';
import { TopBar } from './top-bar.tsx';
import { lazily } from './ui/lazily.tsx';
import { Notices } from './ui/notices.tsx';

/** The terminal emulator is most of the app's weight: it comes when the first session is opened. */
const Stage = lazily(() => import('./terminal/stage.tsx').then(({ Stage }) => Stage), 'Opening the terminal');

export function App(): JSX.Element {
  return (
    <>
      <Page />
      <Notices />
    </>
  );
}

function Page(): JSX.Element {
  const here = route.value;
  if (here.page === 'link') return <SignInLink code={here.code} machineId={here.machineId} />;
  if (here.page === 'sso') return <SignOnFailed code={here.code} />;
  const present = relay.value;
  if (!user.value || !present) return <SignIn />;
  const atTerminal = here.page === 'terminal';
  return (
    <div class="app">
      <TopBar relay={present} />
      {!atTerminal && (
        <main class="page" id="main">
          {here.page === 'machines' && <MachinesPage relay={present} />}
          {here.page === 'settings' && <SettingsPage relay={present} />}
          {here.page === 'device' && <ApproveDevice relay={present} code={here.code} />}
          {here.page === 'join' && <Join relay={present} code={here.code} />}
          {here.page === 'unknown' && <Lost />}
        </main>
      )}
      {(atTerminal || tabs.value.length > 0) && <Stage relay={present} shown={atTerminal ? here.sessionId : null} />}
    </div>
  );
}

function Lost(): JSX.Element {
  return (
    <section class="empty">
      <h1>There is nothing here</h1>
      <p>The address may be old, or mistyped.</p>
      <button type="button" onClick={() => go('/')}>
        To your machines
      </button>
    </section>
  );
}
