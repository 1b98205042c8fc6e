// Attaches behaviours/<name>.js to every element with data-behaviour="<name> …", at load and after each htmx swap.
// A behaviour exports one function (element) → optional clean-up, called when the element is gone.

import { start as startPage } from "lib/page";

const attached = new WeakMap();

async function attach(element) {
  const done = attached.get(element) ?? new Map();
  attached.set(element, done);
  for (const name of element.dataset.behaviour.split(/\s+/).filter(Boolean)) {
    if (done.has(name)) continue;
    done.set(name, null);
    const { default: start } = await import(`behaviours/${name}`);
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

startPage();
attachAll(document.body).then(() => (document.documentElement.dataset.ready = ""));
document.addEventListener("htmx:after:process", (event) => attachAll(event.target));
new MutationObserver((changes) => {
  for (const { removedNodes } of changes) {
    for (const node of removedNodes) if (node.nodeType === 1 && !node.isConnected) detachAll(node);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
