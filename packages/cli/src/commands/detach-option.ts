// The option that names the key which detaches; attach and new share it.
import { Option } from 'commander';
import { DEFAULT_DETACH_KEY, parseDetachKey } from '../terminal/detach-key.ts';
import { detachKey } from './option-values.ts';

export function detachOption(): Option {
  return new Option('--detach-key <key>', 'the key that detaches: Ctrl-] or another Ctrl key, or none')
    .argParser(detachKey)
    .env('HERMIT_DETACH_KEY')
    .default(parseDetachKey(DEFAULT_DETACH_KEY), DEFAULT_DETACH_KEY);
}
