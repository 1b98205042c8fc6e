// Suggestions below a field: a combobox with a listbox, as ARIA describes it. The server draws the options.

import { findAll } from "lib/dom";

const PAUSE = 120;
let lists = 0;

/** `chosen(value)` is called when an option is taken. The answer says whether a key was used up by the list. */
export function startCompletion(input, url, chosen) {
  const list = Object.assign(document.createElement("ul"), { className: "menu people", id: `people-${++lists}`, hidden: true });
  let timer;
  let at = -1;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "People");
  input.closest(".line").append(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) {
    input.setAttribute(name, value);
  }

  const options = () => findAll("[role=option]", list);
  const mark = (index) => {
    at = index;
    options().forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", options()[at].id);
  };
  const close = () => {
    clearTimeout(timer);
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  };
  const take = (option) => {
    chosen(option.dataset.value);
    close();
  };
  const ask = async () => {
    const text = input.value.trim();
    if (!text) return close();
    const answer = await fetch(`${url}?${new URLSearchParams({ q: text, list: list.id })}`).catch(() => null);
    if (!answer?.ok || input.value.trim() !== text) return undefined;
    list.innerHTML = await answer.text();
    list.hidden = options().length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    return mark(list.hidden ? -1 : 0);
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("blur", () => setTimeout(close, 100));
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });

  return {
    close,
    key(event) {
      if (list.hidden) return false;
      const count = options().length;
      if (event.key === "ArrowDown") mark((at + 1) % count);
      else if (event.key === "ArrowUp") mark((at - 1 + count) % count);
      else if (event.key === "Enter" || event.key === "Tab") take(options()[at]);
      else if (event.key === "Escape") close();
      else return false;
      event.preventDefault();
      return true;
    },
  };
}
