// The place of open writers, bottom right on wide windows. Links with data-compose open there; narrow windows follow them.

import { findAll } from "lib/dom";

const WIDE = matchMedia("(width >= 700px)");
const MOST = 3;
const MEMORY = "writers";

export default function dock(place) {
  const open = async (url, isSmall = false) => {
    const known = findAll(".writer", place).find((writer) => writer.dataset.url === url);
    if (known) return known.classList.remove("small");
    await globalThis.htmx.ajax("GET", url, { target: place, swap: "beforeend" });
    if (isSmall) place.lastElementChild?.classList.add("small");
    findAll(".writer:not(.small)", place).slice(0, -2).forEach((writer) => writer.classList.add("small"));
    return undefined;
  };

  const clicked = (event) => {
    const link = event.target.closest("a[data-compose]");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || !WIDE.matches || place.childElementCount >= MOST) return;
    event.preventDefault();
    open(link.href.replace(location.origin, ""));
  };

  // Pages come and go below the writers: those with a draft are opened again on the next one.
  const remember = () => {
    const kept = findAll(".writer[data-url]", place).map((writer) => [writer.dataset.url, writer.classList.contains("small")]);
    sessionStorage.setItem(MEMORY, JSON.stringify(kept));
  };
  const reopen = async () => {
    const kept = JSON.parse(sessionStorage.getItem(MEMORY) ?? "[]");
    sessionStorage.removeItem(MEMORY);
    if (WIDE.matches) for (const [url, isSmall] of kept) await open(url, isSmall);
  };

  document.addEventListener("click", clicked);
  addEventListener("pagehide", remember);
  reopen();
  return () => {
    document.removeEventListener("click", clicked);
    removeEventListener("pagehide", remember);
  };
}
