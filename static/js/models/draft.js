// A draft on its way to the server and back: one request after the other, whatever asks for it.

const PAUSE = 2000; // after the last key
const HEAVY_PAUSE = 10_000; // every save sends the attachments to the store again
const HEAVY = 5_000_000;
const AGAIN = 5000; // after a failure of the network

export class Draft {
  /** `form` is the writer's; `heard({state, draft, url, files})` is called with each answer, `sync()` before each request. */
  constructor(form, { url, heard, sync }) {
    Object.assign(this, { form, url, heard, sync, dirty: false, stopped: false, waiting: 0, weight: 0 });
    this.queue = Promise.resolve();
  }

  get isSaved() {
    return this.form.elements.draft.value !== "";
  }

  /** From here on, what is written is compared with what the writer opened with. */
  begin() {
    if (!this.dirty) this.begun = this.text();
  }

  /** Nothing to keep: never saved, and as it opened. Extensions touch the text, people take back a word. */
  get isUntouched() {
    return !this.isSaved && this.begun === this.text();
  }

  text() {
    this.sync();
    const body = new FormData(this.form);
    body.delete("uploads");
    return new URLSearchParams(body).toString();
  }

  /** Something was changed: save when the writer pauses. */
  touch(pause = this.weight > HEAVY ? HEAVY_PAUSE : PAUSE) {
    if (this.stopped) return;
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), pause);
  }

  /** Save now what is not saved; resolves when it is, with false when it could not be. */
  save() {
    clearTimeout(this.timer);
    if (!this.dirty || this.stopped || this.isUntouched) return this.idle();
    return this.enqueue(() => this.dirty && this.send());
  }

  /** Run `task` when everything before it is done. */
  enqueue(task) {
    this.waiting += 1;
    const run = this.queue.then(task).finally(() => (this.waiting -= 1));
    this.queue = run.catch(() => undefined);
    return run;
  }

  /** Resolves when nothing is on its way. */
  async idle() {
    let seen;
    do {
      seen = this.queue;
      await seen;
    } while (seen !== this.queue);
  }

  /** No more saving: the message is being sent or thrown away. */
  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  resume() {
    this.stopped = false;
  }

  /** The fields as they are now, without files that were chosen but go up by themselves. */
  body() {
    this.sync();
    this.dirty = false;
    const body = new FormData(this.form);
    body.delete("uploads");
    return body;
  }

  async send(options = {}) {
    this.heard({ state: "Saving…" });
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(this.url, { method: "POST", body: this.body(), headers, ...options });
      return this.take(answer.status, await answer.json());
    } catch {
      return this.take(0, {});
    }
  }

  /** The server's answer, however it was asked. */
  take(status, answer) {
    if (status === 200) {
      this.form.elements.draft.value = answer.draft;
      this.weight = answer.weight;
      this.heard(answer);
      return true;
    }
    if (status === 422) {
      this.heard({ state: `Not saved. ${answer.errors.join(" ")}` });
    } else {
      this.heard({ state: "Not saved: no connection. Trying again…" });
      this.touch(AGAIN);
    }
    return false;
  }
}
