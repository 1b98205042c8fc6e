// Words for screen readers and a toast for eyes: the same element (role=status) serves both.

import { find } from "lib/dom";

/** Show `text` at the foot of the page; `kind` "wrong" stays until it is closed by the next one. */
export function announce(text, kind = "") {
  const toast = document.createElement("div");
  toast.className = `toast still ${kind}`;
  toast.append(Object.assign(document.createElement("span"), { textContent: text }));
  find("#toasts")?.replaceChildren(toast);
}
