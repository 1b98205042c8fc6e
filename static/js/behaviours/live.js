// New mail and changes from other tabs and programs: the stream says that something changed, then the page asks what.

import { find, findAll, presses } from "lib/dom";
import { keepWhole, merge, titleCount } from "models/lines";

const AT_LEAST = 60_000; // a bell that got lost is made good by then
const TOGETHER = 120; // changes that come in one burst are asked for once

export default function live() {
  let stream;
  let timer;
  let asking = false;
  let again = false;
  const pressing = presses();

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, TOGETHER);
  }
  async function look() {
    if (asking) return void (again = true);
    asking = true;
    try {
      await merging();
    } catch {
      // Away for a moment: the stream opens again by itself, and then asks anew.
    } finally {
      asking = false;
      timer = setTimeout(look, again ? TOGETHER : AT_LEAST);
      again = false;
    }
  }
  async function merging() {
    const list = find("#list");
    const query = new URLSearchParams({ mailbox: list?.dataset.mailbox ?? "", since: list?.dataset.modseq ?? "" });
    const response = await fetch(`/changed/?${query}`, { headers: { "HX-Request": "true" } });
    if (!response.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await response.text();
    await pressing.over();
    const news = holder.content.firstElementChild;
    if (news && find("#list") === list) apply(list, news);
  }
  function apply(list, news) {
    findAll("[data-box]", news).forEach(showCount);
    titleCount();
    if (!list || news.dataset.modseq === undefined) return;
    list.dataset.modseq = news.dataset.modseq;
    const rows = findAll("[data-rows] > .row", news);
    if (news.hasAttribute("data-anew") || (rows.length && !find("#rows", list))) {
      htmx.ajax("GET", list.dataset.url, { source: list, target: list, select: "#list", swap: "outerHTML" });
      return;
    }
    for (const key of news.dataset.gone.split(" ").filter(Boolean)) document.getElementById(`line-${key}`)?.remove();
    const filtered = new URLSearchParams(list.dataset.url.split("?")[1]).has("only");
    for (const row of rows) if (!filtered || document.getElementById(row.id)) merge(list, row);
    keepWhole(list);
    const open = find("#reading")?.dataset.line;
    if (rows.some((row) => row.dataset.line === open)) document.dispatchEvent(new CustomEvent("mail:open-changed"));
  }
  function showCount(figure) {
    const { box } = figure.dataset;
    for (const place of findAll(`[data-mailbox="${box}"] > .n`)) place.replaceWith(find(".n", figure).cloneNode(true));
    const above = find(`#list[data-mailbox="${box}"] #unread`);
    if (above) above.textContent = find("b", figure).textContent.trim();
  }
  function open() {
    stream?.close();
    stream = new EventSource("/live/");
    stream.addEventListener("change", () => {
      document.dispatchEvent(new CustomEvent("mail:heard"));
      soon();
    });
    stream.addEventListener("signedout", () => location.reload());
  }
  const awake = () => document.visibilityState === "visible" && (stream?.readyState === 2 ? open() : soon());

  document.addEventListener("mail:changed", soon);
  document.addEventListener("htmx:after:swap", titleCount);
  document.addEventListener("visibilitychange", awake);
  addEventListener("online", open);
  open();
  return () => {
    stream.close();
    clearTimeout(timer);
    pressing.stop();
    document.removeEventListener("mail:changed", soon);
    document.removeEventListener("htmx:after:swap", titleCount);
    document.removeEventListener("visibilitychange", awake);
    removeEventListener("online", open);
  };
}
