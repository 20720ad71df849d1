// The mixing of colours, for pages that load it only where an office has its own (shared/later.js).

import { parts } from './later.js';
import { PROPERTIES, lookOf } from './appearance.js';

parts.look = { PROPERTIES, lookOf };
