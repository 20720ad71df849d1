// The mixing of colours, for pages that load it only where an office has its own (later.js).

import { parts } from './later.js';
import { PROPERTIES, lookOf } from './look.js';

parts.look = { PROPERTIES, lookOf };
