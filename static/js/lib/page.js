// What holds for every page: menus that close, toasts that leave, keys, the unread count in the title, failures said.

import { find, findAll } from "lib/dom";

const TOAST_STAYS = 10_000;
let keys; // loaded at the first key

export function start() {
  document.documentElement.classList.add("scripted");
  document.addEventListener("click", closeMenus);
  document.addEventListener("keydown", keyDown);
  document.addEventListener("htmx:error", ({ detail }) => {
    if (detail.error?.name !== "AbortError") say("The server does not answer. Nothing was changed.");
  });
  document.addEventListener("htmx:after:process", ({ target }) => followView(target));
  document.addEventListener("htmx:before:swap", onlyPartsOfErrors);
  document.addEventListener("htmx:before:history:restore", goBack);
  document.addEventListener("htmx:after:swap", titleCount);
  watchToasts();
}

/** The number of unread messages in the inbox, as the sidebar tells it, in front of the page's title. */
export function titleCount() {
  const number = Number(find('[data-place="inbox"] > .n')?.textContent ?? 0);
  const bare = document.title.replace(/^\(\d+\) /, "");
  document.title = number ? `(${number}) ${bare}` : bare;
}

async function say(text) {
  const { announce } = await import("lib/announce");
  announce(text, "wrong");
}

/** Narrow windows show one pane: whichever was put into the page last says which. */
function followView(put) {
  const pane = put.matches?.("[data-view]:not(.shell)") ? put : null;
  if (pane) find(".shell").dataset.view = pane.dataset.view;
}

function closeMenus({ target }) {
  for (const menu of findAll("details.holder[open], details.everybody[open]")) {
    const chosen = menu.contains(target) && target.closest(".menu a, .menu button");
    if (!menu.contains(target) || chosen) menu.open = false;
  }
}

async function keyDown(event) {
  if (event.key === "Escape") {
    const menu = findAll("details.holder[open], details.everybody[open]").at(-1);
    if (menu) {
      menu.open = false;
      find("summary", menu).focus();
      return;
    }
  }
  keys ??= await import("lib/keys");
  keys.press(event);
}

/** An error page must not replace a part of this one; its toast may come. */
function onlyPartsOfErrors({ detail }) {
  if (detail.ctx.response?.status >= 400) {
    const parts = detail.tasks.filter(({ type }) => type === "partial");
    if (!parts.length) say("That did not work. Nothing was changed.");
    detail.tasks.splice(0, detail.tasks.length, ...parts);
  }
}

/** Back and forward between a list and its conversations change the reading pane only. */
function goBack(event) {
  const list = find("#list");
  const path = event.detail.path;
  const mailbox = /^\/mail\/(\d+)\/\d+\//.exec(path)?.[1];
  const isList = list?.dataset.url === path;
  if (!isList && !(mailbox && mailbox === list?.dataset.mailbox)) return;
  event.preventDefault();
  if (isList) import("models/lines").then(({ closeReading }) => closeReading(list));
  else htmx.ajax("GET", path, { source: list, target: "#reading", swap: "outerHTML" });
}

function watchToasts() {
  let timer;
  const leave = () => {
    const region = find("#toasts");
    if (region?.matches(":hover, :focus-within")) timer = setTimeout(leave, TOAST_STAYS);
    else region?.replaceChildren();
  };
  const wait = () => {
    clearTimeout(timer);
    if (find("#toasts")?.childElementCount) timer = setTimeout(leave, TOAST_STAYS);
  };
  new MutationObserver(wait).observe(document.body, { childList: true, subtree: true });
  wait();
}
