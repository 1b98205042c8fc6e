// Letters: an element with data-key="e" is pressed by that letter; moving in lists and g-sequences live here.
// The list under the reader's eyes decides: ticked rows first, then the open conversation, then the row with the focus.

import { find, findAll, typing } from "lib/dom";

const PLACES = { i: "inbox", s: "starred", d: "drafts", t: "sent", a: "archive" };
const SEQUENCE_MS = 1500;
let waiting = "";
let waitingSince = 0;

/** One key press anywhere in the page. */
export function press(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") return escape(event);
  if (typing(event.target) || find("dialog[open]")) return;
  const first = Date.now() - waitingSince < SEQUENCE_MS ? waiting : "";
  waiting = "";
  const done = first ? sequence(first, event.key) : single(event.key);
  if (done) event.preventDefault();
}

function escape({ target }) {
  if (target.matches?.(".search input")) target.blur();
  else if (find(".rows .check:checked")) document.dispatchEvent(new CustomEvent("mail:select", { detail: "none" }));
}

function sequence(first, key) {
  if (first === "g" && PLACES[key]) return click(find(`[data-place="${PLACES[key]}"]`));
  const kinds = { a: "all", n: "none", r: "read", u: "unread" };
  if (first === "*" && kinds[key]) return document.dispatchEvent(new CustomEvent("mail:select", { detail: kinds[key] }));
  return false;
}

function single(key) {
  if (key === "g" || key === "*") {
    [waiting, waitingSince] = [key, Date.now()];
    return true;
  }
  if (key === "?") return find("#keys")?.showModal() ?? true;
  if (key === "/") return find(".search input")?.focus() ?? true;
  if (key === "j" || key === "k") return document.dispatchEvent(new CustomEvent("mail:step", { detail: key === "j" ? 1 : -1 }));
  if (key === "o" || key === "x") return document.dispatchEvent(new CustomEvent("mail:row", { detail: key }));
  return act(key);
}

/** The control for a letter in the place the reader is at. */
function act(key) {
  const ticked = find(".rows .check:checked") && find(".head.bulk");
  const open = find("#reading[data-thread]");
  const row = document.activeElement?.closest?.(".row");
  const places = [ticked, open, row, find(".toasts"), document.body].filter(Boolean);
  for (const place of places) {
    const found = findAll(`[data-key="${CSS.escape(key)}"]`, place).filter((one) => place === row || one.checkVisibility());
    if (found.length) return click(found.at(-1));
  }
  return false;
}

function click(element) {
  if (!element) return false;
  element.click();
  if (element.matches("summary")) find(".menu a, .menu button", element.parentElement)?.focus();
  return true;
}
