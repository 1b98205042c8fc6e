// Narrow windows show one pane: whichever was put into the page last says which.

import { find } from "lib/dom";

export default function view(element) {
  const shell = find(".shell");
  const nested = element.id === "main" ? find("#reading", element) : null;
  if (!nested?.dataset.thread || element.dataset.view === "thread") shell.dataset.view = element.dataset.view;
}
