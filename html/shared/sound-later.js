// The soft tone, for a desk whose person wants to hear it (shared/later.js).

import { parts } from './later.js';
import { softTone, watchSound } from './sound.js';

parts.softTone = softTone;
watchSound(() => {});
