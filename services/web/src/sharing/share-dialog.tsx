// Shares one session, with a person or by a link; lists who has it, and takes it back.
import { useSignal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Relay } from '../relay/relay.ts';
import { until } from '../ui/ages.ts';
import { CopyText } from '../ui/copy-text.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { type GivenShare, linkFor, type Of, type Role, share, sharesOf, withdraw } from './shares.ts';

const HOUR = 3_600;
const lives: readonly [seconds: number, text: string][] = [
  [HOUR, 'an hour'],
  [8 * HOUR, 'eight hours'],
  [24 * HOUR, 'a day'],
  [7 * 24 * HOUR, 'a week'],
  [30 * 24 * HOUR, '30 days'],
];

type Props = { relay: Relay; of: Of; title: string; onClose(): void; focusAfter?(): void };

export function ShareDialog({ relay, of, title, ...closing }: Props): JSX.Element {
  const shares = useSignal<readonly GivenShare[] | null>(null);
  const link = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);

  const look = async () => {
    try {
      shares.value = await sharesOf(relay, of);
    } catch (error) {
      trouble.value = (error as Error).message;
    }
  };
  useEffect(() => void look(), []);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const wish = new FormData(form);
    const email = String(wish.get('email')).trim();
    trouble.value = null;
    link.value = null;
    try {
      const made = await share(relay, of, {
        ...(email === '' ? {} : { email }),
        role: wish.get('role') as Role,
        expiresInSeconds: Number(wish.get('life')),
      });
      if (made.token) link.value = linkFor(made.token);
      // The rest stays as it was chosen, also for the next one.
      (form.elements.namedItem('email') as HTMLInputElement).value = '';
    } catch (error) {
      trouble.value = (error as Error).message;
    }
    await look();
  };

  return (
    <Dialog title={`Share “${title}”`} {...closing} wide shownOnce={link.value !== null}>
      <form onSubmit={submit} class="share-form">
        <label>
          With whom <span class="hint">an e-mail address here; empty: whoever has the link</span>
          <input name="email" inputMode="email" autoComplete="off" autoCapitalize="off" maxLength={254} data-first />
        </label>
        <div class="share-choices">
          <label>
            They may
            <select name="role">
              <option value="viewer">watch</option>
              <option value="driver">watch and type</option>
            </select>
          </label>
          <label>
            For
            <select name="life">
              {lives.map(([seconds, text]) => (
                <option key={seconds} value={String(seconds)} selected={seconds === 24 * HOUR}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <button type="submit" class="primary">
            <Icon name="share" /> Share
          </button>
        </div>
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      </form>
      {link.value && (
        <>
          <CopyText text={link.value} label="Address to hand on" rows={2} />
          <p class="hint">It is shown this once. Whoever opens it needs an account here.</p>
        </>
      )}
      <ul class="shares" aria-label="Who has it">
        {shares.value?.map((given) => (
          <li key={given.id}>
            <span class="share-who">{given.email ?? 'Whoever has the link'}</span>
            <span class="hint">
              {given.role === 'driver' ? 'watches and types' : 'watches'}
              {given.linkId && ' · by the link'} · until {until(given.expiresAt)}
            </span>
            <button
              type="button"
              class="small"
              aria-label={`Withdraw from ${given.email ?? 'whoever has the link'}`}
              onClick={async () => {
                await withdraw(relay, given).catch((error: Error) => {
                  trouble.value = error.message;
                });
                await look();
              }}
            >
              Withdraw
            </button>
          </li>
        ))}
      </ul>
      {shares.value?.length === 0 && <p class="hint">Nobody else has this session.</p>}
    </Dialog>
  );
}
