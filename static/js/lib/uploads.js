// Files by button, drop or paste: each goes into the draft at once, with progress, and can be cancelled.

import { announce } from "lib/announce";
import { find, findAll } from "lib/dom";
import { progressLine } from "lib/progress";

export function startUploads(section, draft) {
  const input = find("input[type=file]", section);
  const list = find(".uploads", section);
  const add = (files) => [...files].forEach((file) => upload(section, draft, list, file));

  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
  section.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    section.classList.add("dropping");
  });
  section.addEventListener("dragleave", (event) => {
    if (!section.contains(event.relatedTarget)) section.classList.remove("dropping");
  });
  section.addEventListener("drop", (event) => {
    section.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    add(event.dataTransfer.files);
  }, true);
  section.addEventListener("paste", (event) => {
    // A table copied from a spreadsheet comes with a picture of it: the text is what was meant.
    if (!event.clipboardData.files.length || event.clipboardData.types.includes("text/html")) return;
    event.preventDefault();
    event.stopPropagation();
    add(event.clipboardData.files);
  }, true);
}

/** Put the server's list of attachments in place; what is still going up stays below it.
 *  The answer may be older than a removal: it lists what was posted in the same order, so places tell which line it was. */
export function showFiles(list, markup) {
  const going = findAll(".going", list);
  const removed = findAll("li:not(.going)", list).map((item) => item.hidden);
  list.innerHTML = markup;
  findAll("li", list).forEach((item, place) => removed[place] && removeFile(item));
  list.append(...going);
}

/** Let go of an attachment: it is neither seen nor posted from now on. */
export function removeFile(item) {
  item.hidden = true;
  find("input", item).disabled = true;
}

/** Before a request: the list becomes what is posted. */
export function forgetRemoved(list) {
  findAll("li[hidden]", list).forEach((item) => item.remove());
}

function upload(section, draft, list, file) {
  if (draft.weight + file.size > Number(section.dataset.limit)) {
    announce(`${file.name} is too big to be attached.`, "wrong");
    return;
  }
  const request = new XMLHttpRequest();
  const line = progressLine(file.name, () => request.abort());
  list.append(line.item);
  draft.enqueue(() => post(draft, request, file, line)).finally(() => line.item.remove());
}

function post(draft, request, file, line) {
  if (line.cancelled) return undefined;
  const body = draft.body();
  body.append("uploads", file);
  request.open("POST", draft.url);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => line.show(event.loaded / event.total));
  return new Promise((resolve) => {
    request.addEventListener("loadend", () => {
      if (request.status === 200) draft.take(200, request.response);
      else if (!line.cancelled) failed(draft, file, request);
      resolve();
    });
    request.send(body);
  });
}

function failed(draft, file, request) {
  const why = request.response?.errors?.join(" ") ?? "The connection was lost.";
  announce(`${file.name} could not be attached. ${why}`, "wrong");
  draft.touch();
}
