/** A group of buttons of which one is chosen, with the arrow keys of a radio group. */

/**
 * @param {HTMLElement} group  has role=radiogroup; its buttons have role=radio and data-value
 * @param {(value: string) => void} choose
 * @returns {(value: string) => void} marks the chosen button
 */
export function setUpRadios(group, choose) {
  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...group.querySelectorAll("[role=radio]")]);

  group.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[role=radio]") : null;
    if (button instanceof HTMLButtonElement) choose(button.dataset.value ?? "");
  });

  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const all = buttons();
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (!step || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[(at + step + all.length) % all.length];
    next.focus();
    choose(next.dataset.value ?? "");
  });

  return (value) => {
    const all = buttons();
    const chosen = all.find((button) => button.dataset.value === value) ?? all[0];
    for (const button of all) {
      button.setAttribute("aria-checked", String(button.dataset.value === value));
      button.tabIndex = button === chosen ? 0 : -1;
    }
  };
}
