// Draws the emulator on the GPU, while it is looked at; falls back to the page's own elements, and stays there.
import { WebglAddon } from '@xterm/addon-webgl';
import type { Terminal } from '@xterm/xterm';
import type { Settings } from '../settings/choices.ts';

/** A browser gives few GPU contexts, so terminals that nobody sees hold none. */
export class Renderer {
  private gpu: WebglAddon | null = null;
  private refused = false;
  private readonly term: Terminal;

  constructor(term: Terminal) {
    this.term = term;
  }

  get kind(): 'gpu' | 'dom' {
    return this.gpu ? 'gpu' : 'dom';
  }

  show(wanted: Settings['renderer']): void {
    if (wanted === 'dom') this.hide();
    if (wanted === 'dom' || this.gpu || this.refused) return;
    if (wanted === 'auto' && !hasRealGpu()) return;
    try {
      const gpu = new WebglAddon();
      // The driver took it away, perhaps for good: what is on the screen is drawn another way at once.
      gpu.onContextLoss(() => {
        this.refused = true;
        this.hide();
      });
      this.term.loadAddon(gpu);
      this.gpu = gpu;
    } catch {
      this.refused = true;
    }
  }

  hide(): void {
    this.gpu?.dispose();
    this.gpu = null;
  }
}

let realGpu: boolean | undefined;

/** A GPU that is imitated by the processor is slower than elements. */
function hasRealGpu(): boolean {
  if (realGpu === undefined) {
    const context = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
    realGpu = context !== null;
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return realGpu;
}
