// Finds a line of the text that an element shows, however its markup is nested.

/** The range of `line` (from 1) in the text below `root`; undefined when there are fewer lines. */
export function rangeOfLine(root: Node, line: number): Range | undefined {
  const range = document.createRange();
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let at = 1;
  let hasStart = line === 1;
  if (hasStart) range.setStart(root, 0);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue ?? '';
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) {
      if (at === line) {
        range.setEnd(node, end);
        return range;
      }
      at += 1;
      if (at === line) {
        range.setStart(node, end + 1);
        hasStart = true;
      }
    }
  }
  if (!hasStart || line < 1) return undefined;
  range.setEnd(root, root.childNodes.length);
  return range;
}

/** Selects `line` of what `root` shows and brings it into view. Says whether there is such a line. */
export function showLine(root: HTMLElement, line: number): boolean {
  const range = rangeOfLine(root, line);
  const selection = window.getSelection();
  if (!range || !selection) return false;
  selection.removeAllRanges();
  selection.addRange(range);
  root.scrollIntoView({ block: 'nearest' });
  const scroller = root.closest('pre');
  scroller?.focus({ preventScroll: true });
  return true;
}
