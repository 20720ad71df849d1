// The browser's storage. If the browser forbids it, a page works without remembering.

const PREFIX = 'turnero.';

// Reading `localStorage` itself may fail.
function storage(area) {
  return {
    /** The text of that name, or null. */
    get(name) {
      try {
        return area().getItem(PREFIX + name);
      } catch (e) {
        return null;
      }
    },

    /** Keeps `text`, or forgets the name if `text` is null. */
    set(name, text) {
      try {
        if (text === null) area().removeItem(PREFIX + name);
        else area().setItem(PREFIX + name, text);
      } catch (e) { /* It only forgets. */ }
    },
  };
}

/** Kept for this browser. */
export const local = storage(() => window.localStorage);

/** Kept for this tab, until it is closed. */
export const session = storage(() => window.sessionStorage);
