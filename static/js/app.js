// The page's script. It attaches behaviours/<name>.js to every element with data-behaviour="<name> …", at load and after
// each htmx swap; a behaviour exports one function (element) → optional clean-up, called when the element is gone.
// Then what holds everywhere: menus that close, toasts that leave, keys, which pane shows, failures said.

import { find, findAll } from "lib/dom";
import { press } from "lib/keys";

const TOAST_STAYS = 10_000;
const attached = new WeakMap();
const loaded = new Map(); // the functions of behaviours that are here, by name

async function load(name) {
  const { default: start } = await import(`behaviours/${name}`);
  loaded.set(name, start);
  return start;
}

async function attach(element) {
  const done = attached.get(element) ?? new Map();
  attached.set(element, done);
  for (const name of element.dataset.behaviour.split(/\s+/).filter(Boolean)) {
    if (done.has(name)) continue;
    done.set(name, null);
    // No waiting for what is here already: between a swap and its behaviour a key would find a bare page.
    const start = loaded.get(name) ?? (await load(name));
    if (element.isConnected) done.set(name, start(element) ?? null);
  }
}

function attachAll(root) {
  const within = [...(root.querySelectorAll?.("[data-behaviour]") ?? [])];
  return Promise.all([root, ...within].filter((element) => element.matches?.("[data-behaviour]")).map(attach));
}

function detachAll(root) {
  for (const element of [root, ...(root.querySelectorAll?.("[data-behaviour]") ?? [])]) {
    attached.get(element)?.forEach((stop) => stop?.());
    attached.delete(element);
  }
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

/** One that opens at the edge of what is scrolled is scrolled into sight. */
function showMenu({ target }) {
  if (target.open && target.matches("details.holder, details.everybody")) {
    find(".menu, .pop", target)?.scrollIntoView({ block: "nearest" });
  }
}

function keyDown(event) {
  if (event.key === "Escape") {
    const menu = findAll("details.holder[open], details.everybody[open]").at(-1);
    if (menu) {
      menu.open = false;
      find("summary", menu).focus();
      return;
    }
  }
  press(event);
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

document.documentElement.classList.add("scripted");
document.addEventListener("click", closeMenus);
document.addEventListener("toggle", showMenu, true);
document.addEventListener("keydown", keyDown);
document.addEventListener("htmx:after:process", ({ target }) => {
  attachAll(target);
  followView(target);
});
document.addEventListener("htmx:before:swap", onlyPartsOfErrors);
document.addEventListener("htmx:before:history:restore", goBack);
document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.error?.name !== "AbortError") say("The server does not answer. Nothing was changed.");
});
new MutationObserver((changes) => {
  for (const { removedNodes } of changes) {
    for (const node of removedNodes) if (node.nodeType === 1 && !node.isConnected) detachAll(node);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
watchToasts();
attachAll(document.body).then(() => (document.documentElement.dataset.ready = ""));
