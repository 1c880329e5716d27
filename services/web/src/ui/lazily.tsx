// A component that is loaded when it is first needed, and says so while it is.
import { useSignal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';

export function lazily<P extends object>(load: () => Promise<ComponentType<P>>, what: string): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P): JSX.Element {
    const arrived = useSignal(loaded !== undefined);
    const failed = useSignal(false);
    const attempt = useSignal(0);
    const { value: serial } = attempt;
    useEffect(() => {
      if (loaded) return;
      failed.value = false;
      load().then(
        (component) => {
          loaded = component;
          arrived.value = true;
        },
        () => {
          failed.value = true;
        },
      );
    }, [serial]);
    if (arrived.value && loaded) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    if (!failed.value) return <p class="loading">{what}…</p>;
    return (
      <p class="loading">
        {what} failed: the relay does not answer, or has been upgraded since this page was loaded.{' '}
        <button type="button" onClick={() => attempt.value++}>
          Try again
        </button>{' '}
        {/* A new version has files of other names, which the page as it was loaded does not know. */}
        <button type="button" class="primary" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    );
  };
}
