// Addresses as people type and paste them. The server checks them again; here they only become chips.

/** The parts of `text` between commas, semicolons and line ends, quoted names kept whole; the rest not finished yet. */
export function split(text) {
  const found = [];
  let part = "";
  let quoted = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    if (!quoted && /[,;\n]/.test(letter)) {
      found.push(part);
      part = "";
    } else {
      part += letter;
    }
  }
  return { done: found.map((item) => item.trim()).filter(Boolean), rest: part };
}

/** `Bob <bob@hamburger.edu>` as {name, address}; the name is the address where there is none. */
export function read(text) {
  const angle = text.match(/^\s*"?(.*?)"?\s*<([^<>]*)>\s*$/);
  const address = (angle ? angle[2] : text).trim();
  return { name: angle?.[1].replace(/\\(.)/g, "$1") || address, address };
}

export const isComplete = (address) => /^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+$|^[^\s@]+@\[.+\]$/u.test(address);
