/** A booth's screen stays on, where the browser lets a page ask for that. */

export function keepAwake() {
  /** @type {WakeLockSentinel | undefined} */
  let lock;

  // A page that was hidden has lost it, one whose power was low too; what was refused may be granted at a touch.
  async function ask() {
    if (document.visibilityState !== "visible" || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock?.request("screen");
      lock?.addEventListener("release", ask);
    } catch {
      // Refused.
    }
  }
  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pointerup", ask, { capture: true });
  void ask();
}
