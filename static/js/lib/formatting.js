// The format bar of the rich text field.

import { find, findAll } from "lib/dom";

const STATES = { bold: "B", italic: "I", bullets: "UL", numbers: "OL", quote: "BLOCKQUOTE", code: "CODE", link: "A" };
const COMMANDS = {
  bold: (editor, on) => (on ? editor.removeBold() : editor.bold()),
  italic: (editor, on) => (on ? editor.removeItalic() : editor.italic()),
  bullets: (editor, on) => (on ? editor.removeList() : editor.makeUnorderedList()),
  numbers: (editor, on) => (on ? editor.removeList() : editor.makeOrderedList()),
  quote: (editor, on) => (on ? editor.decreaseQuoteLevel() : editor.increaseQuoteLevel()),
  code: (editor) => editor.toggleCode(),
  clear: (editor) => editor.removeAllFormatting(),
};

export function startFormatting(bar, editor) {
  const ask = find(".link-ask", bar);
  const address = find("input", ask);
  const show = () => {
    for (const button of findAll("[data-format][aria-pressed]", bar)) {
      button.setAttribute("aria-pressed", String(editor.hasFormat(STATES[button.dataset.format])));
    }
  };
  const link = () => {
    if (editor.hasFormat("A")) return editor.removeLink();
    ask.hidden = false;
    return address.focus();
  };
  // The press must not take the selection away from the text.
  bar.addEventListener("mousedown", (event) => event.target.closest("[data-format]") && event.preventDefault());
  bar.addEventListener("click", (event) => {
    const name = event.target.closest("[data-format]")?.dataset.format;
    if (!name) return;
    if (name === "link") link();
    else COMMANDS[name](editor, name in STATES && editor.hasFormat(STATES[name]));
    show();
  });
  address.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    ask.hidden = true;
    editor.focus();
    if (event.key === "Enter" && address.value.trim()) editor.makeLink(complete(address.value.trim()));
    address.value = "";
  });
  for (const key of ["Ctrl-k", "Meta-k"]) editor.setKeyHandler(key, (_, event) => [event.preventDefault(), link()]);
  editor.addEventListener("pathChange", show);
  editor.addEventListener("select", show);
}

function complete(address) {
  if (/^[a-z]+:/i.test(address)) return address;
  return address.includes("@") ? `mailto:${address}` : `https://${address}`;
}
