// A conversation list: one tab stop with arrow keys, ticks with a bar for all of them, rows that leave at once.

import { find, findAll, listen, on } from "lib/dom";
import { leaving, markOpen, returned, rowsOf } from "models/lines";

export default function list(section) {
  const rows = () => rowsOf(section);
  let last = null;

  function tabStop(row) {
    for (const other of rows()) {
      for (const control of findAll("a, button, input", other)) control.tabIndex = other === row && control.matches(".go") ? 0 : -1;
    }
  }
  function focus(row) {
    if (!row) return;
    tabStop(row);
    find(".go", row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  const current = () => document.activeElement?.closest?.("#list .row") ?? find(".row.open", section);

  function countTicks() {
    const all = rows();
    const ticked = all.filter((row) => find(".check", row).checked).length;
    const master = find("[data-select-all]", section);
    find("[data-chosen]", section).textContent = `${ticked} selected`;
    master.checked = ticked > 0 && ticked === all.length;
    master.indeterminate = ticked > 0 && ticked < all.length;
  }
  const tick = (row, value) => (find(".check", row).checked = value);
  function select({ detail: kind }) {
    const wanted = { all: () => true, none: () => false, read: (row) => !row.matches(".unread"), unread: (row) => row.matches(".unread") };
    rows().forEach((row) => tick(row, wanted[kind](row)));
    countTicks();
  }
  function changed({ target, shiftKey }) {
    if (target.matches("[data-select-all]")) return select({ detail: target.checked ? "all" : "none" });
    if (target.matches(".row .check")) countTicks();
  }
  function range(event, box) {
    const all = rows();
    const here = all.indexOf(box.closest(".row"));
    const there = event.shiftKey && last?.isConnected ? all.indexOf(last) : here;
    for (const row of all.slice(Math.min(here, there), Math.max(here, there) + 1)) tick(row, box.checked);
    last = all[here];
    countTicks();
  }
  function step({ detail: by }) {
    const all = rows();
    const next = all[current() ? all.indexOf(current()) + by : 0];
    const reading = find("#reading[data-thread]");
    focus(next);
    if (next && reading) find(".go", next).click();
  }
  function onRow({ detail: key }) {
    const row = current();
    if (row && key === "o") find(".go", row).click();
    if (row && key === "x") find(".check", row).click();
  }
  function arrows(event, row) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      const all = rows();
      focus(all[all.indexOf(row) + by]);
      event.preventDefault();
    }
  }
  const leave = (event) => {
    const next = leaving(section, event);
    if (next) focus(next);
  };
  const back = (event) => {
    returned(section, event);
    countTicks();
  };

  const settle = () => {
    markOpen(section);
    tabStop(current() ?? rows()[0]);
  };
  const watcher = new MutationObserver(settle);
  if (find("#rows", section)) watcher.observe(find("#rows", section), { childList: true });
  settle();
  const stops = [
    () => watcher.disconnect(),
    on(section, "click", ".row .check", range),
    on(section, "keydown", ".row", arrows),
    on(section, "focusin", ".row", (_, row) => tabStop(row)),
    listen(section, "change", changed),
    listen(document, "mail:select", select),
    listen(document, "mail:step", step),
    listen(document, "mail:row", onRow),
    listen(document, "htmx:after:swap", settle),
    listen(document, "htmx:before:request", leave),
    listen(document, "htmx:finally:request", back),
  ];
  return () => stops.forEach((stop) => stop());
}
