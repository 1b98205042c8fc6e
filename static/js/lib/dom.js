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
