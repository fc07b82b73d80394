/** A booth's screen stays on, where the browser lets a page ask for that. */

export function keepAwake() {
  function ask() {
    // A page that was hidden has lost it; refused where power is low.
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
  }
  document.addEventListener("visibilitychange", ask);
  ask();
}
