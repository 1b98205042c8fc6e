// A file on its way up, as a line in the list of attachments.

export function progressLine(name, abort) {
  const item = document.createElement("li");
  const label = Object.assign(document.createElement("span"), { className: "clip", textContent: name, dir: "auto" });
  const share = Object.assign(document.createElement("span"), { className: "soft" });
  const cancel = Object.assign(document.createElement("button"), { type: "button", textContent: "×", ariaLabel: `Cancel ${name}` });
  const track = Object.assign(document.createElement("span"), { className: "track" });
  const bar = document.createElement("i");
  const line = { item, cancelled: false };
  line.show = (part) => {
    share.textContent = ` ${Math.round(part * 100)} %`;
    bar.style.inlineSize = `${part * 100}%`;
  };
  cancel.addEventListener("click", () => {
    line.cancelled = true;
    abort();
    item.remove();
  });
  item.className = "going";
  label.append(share);
  track.append(bar);
  item.append(document.createElement("span"), label, cancel, track);
  line.show(0);
  return line;
}
