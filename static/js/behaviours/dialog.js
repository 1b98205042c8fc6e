// A dialog that the server sent: opened as soon as it is here, gone when it is answered.

import { findAll } from "lib/dom";

export default function dialog(element) {
  element.showModal();
  const close = () => element.close();
  findAll("[data-close]", element).forEach((button) => button.addEventListener("click", close));
  element.addEventListener("submit", () => setTimeout(close));
  element.addEventListener("close", () => element.remove());
}
