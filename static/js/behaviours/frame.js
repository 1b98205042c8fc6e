// The server guessed two heights for an HTML message; the window's width tells which one holds.

const NARROW = 480;

export default function frame(element) {
  const wide = Number(element.getAttribute("height"));
  const narrow = Number(element.dataset.narrow);
  const watcher = new ResizeObserver(([{ contentRect }]) => {
    element.height = contentRect.width < NARROW ? narrow : wide;
  });
  watcher.observe(element.parentElement);
  return () => watcher.disconnect();
}
