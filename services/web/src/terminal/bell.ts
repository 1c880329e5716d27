// The bell: a sound, made here, short and low; or a flash of the terminal.
import { signal } from '@preact/signals';
import type { Settings } from '../settings/choices.ts';

let audio: AudioContext | undefined;

const HERTZ = 660;
const SECONDS = 0.12;

/** Milliseconds. */
const FLASH = 150;

export class Bell {
  readonly flashing = signal(false);

  ring(how: Settings['bell']): void {
    if (how === 'sound') beep();
    if (how !== 'visual') return;
    this.flashing.value = true;
    setTimeout(() => {
      this.flashing.value = false;
    }, FLASH);
  }
}

function beep(): void {
  audio ??= new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = HERTZ;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + SECONDS);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + SECONDS);
}
