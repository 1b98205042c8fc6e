// To, Cc, Bcc: a plain field of addresses becomes chips. The form still posts one text with commas.

import { isComplete, read, split } from "lib/addresses";
import { startCompletion } from "lib/completion";
import { find, findAll } from "lib/dom";

export default function recipients(line) {
  const input = find("input", line);
  const chips = find(".chips", line);
  const posted = Object.assign(document.createElement("input"), { type: "hidden", name: input.name });
  const label = find("label", line).textContent;
  input.before(posted);
  input.removeAttribute("name");

  const values = () => findAll(".chip", chips).map((chip) => chip.dataset.value);
  const told = () => {
    posted.value = [...values(), input.value.trim()].filter(Boolean).join(", ");
  };
  const changed = () => {
    told();
    posted.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const add = (texts) => {
    for (const text of texts) {
      const known = values().some((value) => read(value).address.toLowerCase() === read(text).address.toLowerCase());
      if (!known) posted.before(chip(text, label));
    }
    changed();
  };
  const commit = () => {
    const { done, rest } = split(`${input.value},`);
    input.value = rest;
    if (done.length) add(done);
  };
  const completion = startCompletion(input, line.dataset.people, (value) => {
    input.value = "";
    add([value]);
  });

  const initial = split(`${input.value},`).done;
  input.value = "";
  for (const text of initial) posted.before(chip(text, label));
  told();

  input.addEventListener("input", () => {
    const { done, rest } = split(input.value);
    if (done.length) {
      input.value = rest;
      add(done);
    }
    told();
  });
  input.addEventListener("keydown", (event) => {
    if (completion.key(event)) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      commit();
    } else if (event.key === "Backspace" && !input.value) {
      const last = findAll(".chip", chips).at(-1);
      last?.remove();
      if (last) changed();
    }
  });
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (!/[,;\n]/.test(text)) return;
    event.preventDefault();
    add(split(`${text},`).done);
  });
  input.addEventListener("blur", commit);
  chips.addEventListener("click", (event) => {
    const removed = event.target.closest(".chip button")?.closest(".chip");
    if (removed) {
      removed.remove();
      changed();
    }
    input.focus();
  });
}

function chip(text, label) {
  const { name, address } = read(text);
  const right = isComplete(address);
  const made = Object.assign(document.createElement("span"), { className: `chip ${right ? "person" : "wrong"}`, title: right ? address : "This is not a complete address" });
  const shown = Object.assign(document.createElement("span"), { textContent: right ? name : text, dir: "auto" });
  const remove = Object.assign(document.createElement("button"), { type: "button", ariaLabel: `Remove ${name} from ${label}` });
  made.dataset.value = text;
  remove.innerHTML = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M18 6 6 18M6 6l12 12"/></svg>';
  made.append(shown, remove);
  return made;
}
