// The rows of a conversation list as a sorted set: newest first, headings between days, the open one marked.

import { find, findAll } from "lib/dom";

const LEAVING = new Set(["archive", "delete", "spam", "notspam", "restore", "move"]);

export const rowsOf = (section) => findAll("#rows > .row:not([hidden])", section);

/** Put `row` where it belongs; one with the same id is replaced and keeps its tick and the focus. */
export function merge(section, row) {
  const list = find("#rows", section);
  const old = document.getElementById(row.id);
  if (old) {
    if (old.dataset.at === row.dataset.at && old.outerHTML === row.outerHTML) return false;
    find(".check", row).checked = find(".check", old).checked;
    const focused = old.contains(document.activeElement) && !old.hidden;
    const open = old.matches(".open");
    old.dataset.at === row.dataset.at ? old.replaceWith(row) : (old.remove(), insert(list, row));
    row.classList.toggle("open", open);
    htmx.process(row);
    if (focused) find(".go", row).focus({ preventScroll: true });
    return true;
  }
  if (!insert(list, row)) return false;
  htmx.process(row);
  return true;
}

/** Before the first row that is older; false when it belongs to a page that is not here. */
function insert(list, row) {
  const older = findAll(".row", list).find((other) => Number(other.dataset.at) < Number(row.dataset.at));
  const more = find(".older", list);
  if (!older && more) return false;
  const isNewest = older && older === find(".row", list);
  if (isNewest && find(".newest", list)) return false;
  if (older) older.before(row);
  else find(".foot", list).before(row);
  return true;
}

/** Headings where a day begins and nowhere else; an empty list asks for its empty state. */
export function keepWhole(section) {
  const list = find("#rows", section);
  if (!list) return;
  const headings = new Map(findAll(".group", list).map((heading) => [heading.textContent, heading]));
  const kept = new Set();
  let above = "";
  for (const row of rowsOf(section)) {
    const group = row.dataset.group;
    if (group === above) continue;
    const heading = headings.get(group) ?? Object.assign(document.createElement("li"), { className: "group", textContent: group });
    if (row.previousElementSibling !== heading) row.before(heading);
    kept.add(heading);
    above = group;
  }
  for (const heading of headings.values()) if (!kept.has(heading)) heading.remove();
  if (!above && !find(".older", list)) {
    htmx.ajax("GET", section.dataset.url, { source: section, target: section, select: "#list", swap: "outerHTML" });
  }
}

/** The row of the conversation being read becomes part of the sheet beside it. */
export function markOpen(section) {
  const line = find("#reading")?.dataset.line;
  for (const row of findAll(".row", section)) {
    const open = row.dataset.line === line;
    row.classList.toggle("open", open);
    if (open) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** Nothing is being read any more: the list is the page. */
export function closeReading(list) {
  const empty = find("#nothing-open", list).content.cloneNode(true);
  find("#reading").replaceWith(empty);
  find(".shell").dataset.view = "list";
  document.title = list.dataset.title;
  titleCount();
  markOpen(list);
}

/** The rows an act takes away disappear now. The row that gets the focus they had, if they had it. */
export function leaving(section, { target, detail: { ctx } }) {
  if (target.id !== "lines") return null;
  const { name, value = "" } = ctx.request.submitter ?? {};
  const [act, ...rest] = value.split(" ");
  if (!LEAVING.has(act)) return null;
  const rows = rowsOf(section);
  const gone = rows.filter((row) => (name === "one" ? row.dataset.line === rest.at(-1) : find(".check", row).checked));
  const focused = gone.some((row) => row.contains(document.activeElement));
  const after = rows.slice(rows.indexOf(gone.at(-1)) + 1)[0] ?? rows.filter((row) => !gone.includes(row)).at(-1);
  gone.forEach((row) => (row.hidden = true));
  ctx.gone = gone;
  if (rows.length > gone.length) keepWhole(section);
  return focused ? after : null;
}

/** They come back when the server refuses. */
export function returned(section, { detail: { ctx } }) {
  if (ctx.gone && !(ctx.response?.status < 400)) ctx.gone.forEach((row) => (row.hidden = false));
  if (ctx.gone) keepWhole(section);
}

/** The number of unread messages in the inbox, as the sidebar tells it, in front of the page's title. */
export function titleCount() {
  const number = Number(find('[data-place="inbox"] > .n')?.textContent ?? 0);
  const bare = document.title.replace(/^\(\d+\) /, "");
  document.title = number ? `(${number}) ${bare}` : bare;
}
