/** Whether the page is a booth, as its address says: `?booth=1&idle=90`. */

/** @typedef {{idle: number}} BoothSettings  seconds without a touch until a visitor has left */

/** @returns {BoothSettings | null} null where the page is no booth */
export function boothSettings() {
  const query = new URLSearchParams(location.search);
  if (!["1", "true", "yes"].includes(query.get("booth") ?? "")) return null;
  return { idle: Math.max(5, Number(query.get("idle")) || 90) };
}
