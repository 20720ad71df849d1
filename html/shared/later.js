// What a page needs only sometimes: a script that is loaded when it is first wanted, and what such
// scripts give. `import()` would do, but browsers of 2018 lack it.

/** What the loaded scripts have put here, by name. */
export const parts = {};
const asked = {};

/** Resolves when the script has run; it fails where it cannot be had, and may be asked for again. */
export function need(src) {
  if (!asked[src]) {
    asked[src] = new Promise((done, failed) => {
      const script = document.createElement('script');
      script.type = 'module';
      script.src = src;
      script.onload = done;
      script.onerror = () => {
        delete asked[src];
        failed(new Error(src));
      };
      document.head.appendChild(script);
    });
  }
  return asked[src];
}
