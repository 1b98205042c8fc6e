// The rich text field: Squire over the plain textarea, loaded only now. Until then, and without it, the textarea serves.

import { find } from "lib/dom";
import { startFormatting } from "lib/formatting";

// What Squire may put into the page: pasted and quoted HTML passes here after the server's own cleaning.
const TAGS = "a b blockquote br code div em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub sup table tbody td tfoot th thead tr u ul";
const CLEAN = {
  ALLOWED_TAGS: TAGS.split(" "),
  ALLOWED_ATTR: ["href", "src", "alt", "dir", "type", "colspan", "rowspan"],
  ALLOW_DATA_ATTR: false, // the page's own behaviours, keys and htmx listen to them
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/(?:png|gif|jpe?g|webp);)/i,
  RETURN_DOM_FRAGMENT: true,
};

/** Make the writer's text rich; `changed()` is called after each change. */
export async function startRichText(section, changed) {
  const [{ default: Squire }] = await Promise.all([import(section.dataset.squire), import(section.dataset.purify)]);
  const { text, html, rich } = find("form", section).elements;
  const bar = find(".format", section);
  const toggle = find("[data-do=plain]", bar);
  const field = textField();
  const hadFocus = document.activeElement === text;
  text.after(field);
  const editor = new Squire(field, {
    blockTag: "DIV",
    sanitizeToDOMFragment: (source) => document.importNode(globalThis.DOMPurify.sanitize(source, CLEAN), true),
  });

  const open = (isRich) => {
    if (isRich) editor.setHTML(html.value || asHtml(text.value));
    rich.value = isRich ? "1" : "";
    field.hidden = !isRich;
    text.hidden = isRich;
    section.classList.toggle("plain", !isRich);
    toggle.textContent = isRich ? "Plain text" : "Rich text";
  };
  const focus = () => {
    if (rich.value) editor.focus().moveCursorToStart();
    else text.focus();
  };

  open(section.dataset.mode !== "plain");
  bar.hidden = false;
  startFormatting(bar, editor);
  editor.addEventListener("input", changed);
  toggle.addEventListener("click", () => {
    if (rich.value) text.value = field.innerText.trim();
    else html.value = "";
    open(!rich.value);
    changed();
  });
  if (hadFocus) focus();
  return {
    /** Bring the form's fields up to date with the editor. */
    sync() {
      if (rich.value) html.value = editor.getHTML();
    },
    stop: () => editor.destroy(),
  };
}

function textField() {
  const field = Object.assign(document.createElement("div"), { className: "text", dir: "auto", tabIndex: 0 });
  for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": "Message" })) {
    field.setAttribute(name, value);
  }
  return field;
}

function asHtml(text) {
  const holder = document.createElement("div");
  for (const line of text.split("\n")) {
    const block = document.createElement("div");
    block.append(line || document.createElement("br"));
    holder.append(block);
  }
  return holder.innerHTML;
}
