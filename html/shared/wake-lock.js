// Keeps the screen on while a page wants it. Browsers allow it on secure pages only (HTTPS, or the server's own machine).

// A battery that runs low takes the lock away, and nothing tells when it is charged again.
const ASK_AGAIN_MS = 60000;

/**
 * Returns `keepOn(isWanted)`, which keeps the screen on or lets it go dark again. `told(isOn)` hears, each time the
 * browser has been asked for it, whether the screen stays on.
 */
export function wakeLock(told = () => {}) {
  let wanted = false;
  let lock = null;
  let isBusy = false;

  async function update() {
    // The browser gives no lock to a page that nobody sees, and takes away the one that it has.
    if (isBusy || document.hidden) return;
    isBusy = true;
    try {
      while (wanted !== Boolean(lock)) {
        if (wanted) {
          lock = await navigator.wakeLock.request('screen');
          lock.addEventListener('release', () => { lock = null; });
          told(true);
        } else await lock.release();
      }
    } catch (e) {
      told(false);
    }
    isBusy = false;
  }

  async function keepOn(isWanted) {
    wanted = isWanted;
    await update();
  }

  document.addEventListener('visibilitychange', update);
  setInterval(update, ASK_AGAIN_MS);
  return keepOn;
}
