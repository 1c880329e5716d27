// Before the page goes: the browser asks, where something would be lost with it.

/** Returns what ends the watch. */
export function warnBeforeLeaving(wouldLose: () => boolean): () => void {
  const leaving = (event: BeforeUnloadEvent) => {
    if (wouldLose()) event.preventDefault();
  };
  addEventListener('beforeunload', leaving);
  return () => removeEventListener('beforeunload', leaving);
}
