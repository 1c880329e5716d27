// A device without a password shows a code. Whoever types it here is shown what the device asks for, and decides.
import { HermitError } from '@hermit/protocol';
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { call } from '../relay/account.ts';
import type { Relay } from '../relay/relay.ts';
import { go } from '../router.ts';

/**
 * `machineName`: a machine wants to be let in; null: a device wants to sign in. `replaces`: a machine has that name.
 * `password`: to let it in takes the password.
 */
type Asked = { machineName: string | null; address: string; replaces: boolean; password: boolean };
type Step = { name: 'code' } | { name: 'decide'; code: string; asked: Asked } | { name: 'decided'; yes: boolean };

export function ApproveDevice({ relay, code }: { relay: Relay; code: string }): JSX.Element {
  const step = useSignal<Step>({ name: 'code' });
  const busy = useSignal(false);
  const trouble = useSignal<string | null>(null);

  const attempt = async (run: (token: string) => Promise<Step>) => {
    busy.value = true;
    trouble.value = null;
    try {
      step.value = await run(await relay.client.accessToken());
    } catch (error) {
      trouble.value = error instanceof HermitError ? error.message : 'Something failed; try again.';
    } finally {
      busy.value = false;
    }
  };
  const look = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get('code')).trim().toUpperCase();
    void attempt(async (token) => {
      const asked = await call<Asked>('GET', `/api/device/${encodeURIComponent(typed)}`, undefined, token);
      return { name: 'decide', code: typed, asked };
    });
  };
  const decide = (yes: boolean, password?: string) => {
    const { value } = step;
    if (value.name !== 'decide') return;
    const replace = yes && value.asked.replaces ? { replace: true } : {};
    const body = { code: value.code, approve: yes, ...replace, ...(password === undefined ? {} : { password }) };
    void attempt(async (token) => {
      await call('POST', '/api/device/approve', body, token);
      return { name: 'decided', yes };
    });
  };
  const approve = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = new FormData(event.currentTarget).get('password');
    decide(true, password === null ? undefined : String(password));
  };
  const why = (
    <p class="trouble" role="alert">
      {trouble.value}
    </p>
  );

  const { value: now } = step;
  switch (now.name) {
    case 'code':
      return (
        <form class="narrow" onSubmit={look}>
          <h1>Approve a device</h1>
          <label>
            Code on the device
            <input
              name="code"
              class="code"
              defaultValue={code}
              autoCapitalize="characters"
              autoComplete="off"
              spellcheck={false}
              required
            />
          </label>
          {why}
          <button type="submit" class="primary" disabled={busy.value}>
            Continue
          </button>
        </form>
      );
    case 'decide':
      return (
        <form class="narrow" onSubmit={approve}>
          <h1>Approve a device</h1>
          <AskedFor asked={now.asked} />
          <p>Approve only a code that you see on a device of yours, now.</p>
          {now.asked.password && (
            <label>
              Your password
              <input name="password" type="password" autoComplete="current-password" maxLength={1024} required />
            </label>
          )}
          {why}
          <button type="submit" class="primary" disabled={busy.value}>
            Approve
          </button>
          <button type="button" disabled={busy.value} onClick={() => decide(false)}>
            Refuse
          </button>
        </form>
      );
    case 'decided':
      return (
        <section class="narrow">
          <h1>{now.yes ? 'The device is let in' : 'The device is refused'}</h1>
          <p>You can close this page, or go on here.</p>
          <button type="button" class="primary" onClick={() => go('/', { replace: true })}>
            To your machines
          </button>
        </section>
      );
  }
}

function AskedFor({ asked: { machineName, address, replaces } }: { asked: Asked }): JSX.Element {
  return machineName === null ? (
    <p>
      A device at <b>{address}</b> asks to sign in. It acts in your name from then on.
    </p>
  ) : (
    <>
      <p>
        A computer at <b>{address}</b> asks to be your machine <b>{machineName}</b>.
      </p>
      {replaces && <p>You have a machine of that name. It is let in no more, and this one takes its place.</p>}
    </>
  );
}
