// The open conversation: its row is marked, and going back shows the list that is still there.

import { find, findAll } from "lib/dom";
import { closeReading, markOpen, rowsOf } from "models/lines";

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
    history.pushState({ htmx: true }, "", list.dataset.url);
    closeReading(list);
    find(".go", open ?? list)?.focus();
  }
  /** A folded message opens wherever it is clicked; text that is being selected does not count. */
  function unfold(event) {
    const folded = event.target.closest(".msg.folded");
    if (folded && !event.target.closest("a, button") && !getSelection().toString()) find(".unfold", folded)?.click();
  }
  function renew(known, card) {
    for (const part of [".undelivered", ".way"]) {
      const [before, now] = [find(part, known), find(part, card)];
      if (before && now && before.innerHTML !== now.innerHTML) before.replaceWith(now);
    }
  }
  /** Messages that came while one reads are added below, and who did not get one's own is said; nothing else moves. */
  async function more() {
    const response = await fetch(location.pathname, { headers: { "HX-Request": "true" } });
    if (!response.ok || !section.isConnected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const card of findAll("#cards .msg", fresh)) {
      const known = document.getElementById(card.id);
      if (known) renew(known, card);
      if (known) continue;
      find("#cards", section).append(card);
      htmx.process(card);
    }
    const answer = find("#answer", fresh);
    if (answer) find("#answer", section).replaceWith(answer);
    const markRead = find(".mark-read", fresh);
    if (!markRead || document.visibilityState !== "visible") return;
    find(".mark-read", section)?.remove();
    find("#tools", section).after(markRead);
    htmx.process(markRead);
  }
  document.addEventListener("mail:open-changed", more);
  section.addEventListener("click", back);
  section.addEventListener("click", unfold);
  return () => {
    document.removeEventListener("mail:open-changed", more);
    section.removeEventListener("click", back);
    section.removeEventListener("click", unfold);
  };
}
