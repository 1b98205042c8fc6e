// The open conversation: its row is marked, and going back shows the list that is still there.

import { find } from "lib/dom";
import { markOpen, rowsOf } from "models/lines";

const wide = matchMedia("(width >= 1100px)");

export default function reading(section) {
  const list = find("#list");
  if (list) markOpen(list);
  if (!wide.matches) find(".scroll", section)?.focus({ preventScroll: true });

  /** The list beside or behind needs no request when it is the one to go back to. */
  function back(event) {
    const link = event.target.closest("[data-back]");
    if (!link || !list?.isConnected || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const open = find(".row.open", list) ?? rowsOf(list)[0];
    find(".shell").dataset.view = "list";
    find(".go", open ?? list)?.focus();
    htmx.ajax("GET", list.dataset.url, { source: list, target: section, select: "#reading", swap: "outerHTML", push: "true" });
  }
  /** A folded message opens wherever it is clicked; text that is being selected does not count. */
  function unfold(event) {
    const folded = event.target.closest(".msg.folded");
    if (folded && !event.target.closest("a, button") && !getSelection().toString()) find(".unfold", folded)?.click();
  }
  section.addEventListener("click", back);
  section.addEventListener("click", unfold);
  return () => {
    section.removeEventListener("click", back);
    section.removeEventListener("click", unfold);
  };
}
