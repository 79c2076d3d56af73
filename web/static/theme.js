// Sets the chosen theme before the first paint; the same key and values as src/lib/state/theme.svelte.ts.
try {
  var chosen = localStorage.getItem('codegenie.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is switched off: the system's theme is used.
}
