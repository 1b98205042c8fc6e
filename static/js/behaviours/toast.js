// A toast leaves by itself after ten seconds; not while the pointer or the focus is on it.

const STAYS = 10_000;

export default function toasts(region) {
  let timer;
  const leave = () => {
    if (region.matches(":hover, :focus-within")) wait();
    else region.replaceChildren();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, STAYS);
  };
  const watcher = new MutationObserver(() => {
    if (region.lastElementChild) wait();
  });
  watcher.observe(region, { childList: true });
  if (region.childElementCount) wait();
  return () => {
    clearTimeout(timer);
    watcher.disconnect();
  };
}
