// Why no ticket was given, in words for a stranger, by the code of the server's error.

// Nothing that a visitor does would help: the staff must know.
const STAFF = 'take.refused.storage';

const TEXTS = {
  // Another touch may do.
  'no-connection': 'take.refused.silence',
  busy: 'take.refused',
  'request-timeout': 'take.refused',
  // Later, perhaps.
  'queue-full': 'take.refused.full',
  'too-many-connections': 'take.refused.full',
  'too-many-requests': 'take.refused.full',
  // Another choice, perhaps.
  'no-number-left': 'take.refused.numbers',
  'service-closed': 'take.refused.closed',
  'unknown-priority': 'take.refused.gone',
  'unknown-service': 'take.refused.gone',
};

/** The key of the text for a refusal. */
export const refusalText = (code) => TEXTS[code] || STAFF;
