// The writer: saves by itself, sends with Ctrl+Enter, closes with Esc. What it shows comes from the server.

import { find, findAll } from "lib/dom";
import { startRichText } from "lib/richtext";
import { forgetRemoved, removeFile, showFiles, startUploads } from "lib/uploads";
import { startKeys } from "lib/writerkeys";
import { Draft } from "models/draft";

export default function writer(section) {
  const form = find("form", section);
  const isFull = section.classList.contains("full");
  const state = isFull ? find(".bar .state", section.parentElement) : find(".state", section);
  const say = (text) => (state.textContent = text);
  const files = find(".uploads", section);
  let editor;
  const sync = () => (forgetRemoved(files), editor?.sync());
  const draft = new Draft(form, { url: section.dataset.save, heard, sync });
  draft.weight = Number(section.dataset.weight);

  function heard({ state: text, url, files: markup }) {
    say(text);
    if (markup !== undefined) showFiles(files, markup);
    if (!url) return;
    section.dataset.url = url;
    if (isFull) history.replaceState(history.state, "", url);
  }

  const changed = () => draft.touch();
  // Saving and sending must not cross: the request waits until what is under way has arrived.
  const after = (event, again) => {
    editor?.sync();
    if (draft.waiting === 0) return draft.stop();
    event.preventDefault();
    event.stopPropagation();
    say("Waiting for the attachments…");
    return draft.idle().then(again);
  };

  const actions = {
    minimise: () => section.classList.toggle("small"),
    copies: () => {
      findAll(".line.folded", section).forEach((line) => line.classList.remove("folded"));
      find("[data-field=cc] input:not([type=hidden])", section).focus();
    },
    remove: (button) => {
      removeFile(button.closest("li"));
      say("Saving…"); // at once: "Saved" would speak of the file that has just gone
      draft.touch(0);
    },
    close: async () => {
      if ((await draft.save()) !== false) section.remove();
    },
    enlarge: async () => {
      await draft.save();
      location.assign(section.dataset.url ?? section.dataset.start);
    },
  };

  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do], [hx-post]");
    const action = actions[button?.dataset.do];
    if (action) {
      event.preventDefault();
      action(button);
    } else if (button?.matches("button[hx-post]")) {
      after(event, () => button.click());
    } else if (section.classList.contains("small") && event.target.closest("header")) {
      actions.minimise();
    }
  }, true);
  section.addEventListener("submit", (event) => after(event, () => form.requestSubmit(event.submitter)), true);
  section.addEventListener("htmx:before:request", () => say("Sending…"));
  const failed = (event) => {
    if (event.detail.ctx?.response?.status === 422) return;
    heard({ state: "Not sent: the page’s server does not answer. Your message is still here." });
    draft.resume();
    changed();
  };
  // What is wrong with the message comes as a new writer; the page must not take it for a failure of its own.
  section.addEventListener("htmx:before:swap", (event) => event.detail.ctx.response?.status === 422 && event.stopPropagation());
  section.addEventListener("htmx:error", failed);
  section.addEventListener("htmx:response:error", failed);
  section.addEventListener("input", changed);
  startKeys(section, {
    send: () => form.requestSubmit(find("[data-do=send]", section)),
    close: () => isFull || actions.close(),
  });
  section.addEventListener("focusout", (event) => section.contains(event.relatedTarget) || draft.save());
  const leaving = () => draft.dirty && !draft.stopped && !draft.isUntouched && draft.send({ keepalive: true });
  addEventListener("pagehide", leaving);
  say(section.dataset.state);
  startUploads(section, draft);
  startRichText(section, changed).then((started) => ((editor = started), draft.begin()));
  return () => {
    removeEventListener("pagehide", leaving);
    draft.stop();
    editor?.stop();
  };
}
