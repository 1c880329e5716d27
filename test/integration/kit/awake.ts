// A clock of the time that this process itself could run. Viewers, proxies and the test share it with others on a busy
// machine: what it slept through is no pause of a pod.

const TICK = 20;
/** A wait for the processor of up to this long counts in full, a longer one as this much; milliseconds. */
const MOST = 250;

let counted = 0;
let ticked = performance.now();
const sinceTick = () => performance.now() - ticked;

setInterval(() => {
  counted += Math.min(sinceTick(), MOST);
  ticked = performance.now();
}, TICK).unref();

/** Milliseconds, from any moment on. */
export const awakeTime = (): number => counted + Math.min(sinceTick(), MOST);
