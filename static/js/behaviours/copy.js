// A button that copies its data-text. Where the browser keeps its clipboard closed (the page came by plain HTTP), the
// text beside it is selected instead, so that the keys for copying do the rest.

import { announce } from "lib/announce";
import { find } from "lib/dom";

export default function copy(button) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.text);
      announce("Copied");
    } catch {
      getSelection().selectAllChildren(find("code, pre", button.parentElement));
      announce("Selected: copy it with Ctrl+C");
    }
  });
}
