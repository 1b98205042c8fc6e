// The check box in a table's head ticks every row's.

import { findAll } from "lib/dom";

export default function checkAll(head) {
  const rows = () => findAll("tbody input[type=checkbox]", head.closest("table"));
  const show = () => {
    const ticked = rows().filter((row) => row.checked).length;
    head.checked = ticked > 0 && ticked === rows().length;
    head.indeterminate = ticked > 0 && !head.checked;
  };
  head.addEventListener("change", () => rows().forEach((row) => (row.checked = head.checked)));
  head.closest("table").addEventListener("change", (event) => event.target !== head && show());
}
