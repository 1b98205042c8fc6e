// The few things every behaviour needs.

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Listen on `root` for events whose target is inside `selector`; the function that stops listening. */
export function on(root, type, selector, handler) {
  const listener = (event) => {
    const found = event.target.closest?.(selector);
    if (found && root.contains(found)) handler(event, found);
  };
  root.addEventListener(type, listener);
  return () => root.removeEventListener(type, listener);
}

/** Listen on `target`; the function that stops listening. */
export function listen(target, type, listener) {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

/** Whether keys typed now belong to a field and not to the page. */
export const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") != null;

// What replaces a button between press and release costs the click.
export function presses() {
  let pressed;
  const ends = ["pointerup", "pointercancel", "dragend"];

  function press() {
    let end;
    pressed ??= { over: new Promise((resolve) => (end = resolve)), end };
  }
  function release() {
    const { end } = pressed ?? {};
    pressed = undefined;
    if (end) setTimeout(end); // behind the click
  }
  document.addEventListener("pointerdown", press, true);
  for (const end of ends) document.addEventListener(end, release, true);
  return {
    over: () => pressed?.over,
    stop() {
      document.removeEventListener("pointerdown", press, true);
      for (const end of ends) document.removeEventListener(end, release, true);
    },
  };
}
