// Light, dark, or as the system says; kept in this browser. static/theme.js applies it before the first paint.

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'codegenie.theme';
export const THEMES: readonly { value: Theme; title: string }[] = [
  { value: 'system', title: 'System' },
  { value: 'light', title: 'Light' },
  { value: 'dark', title: 'Dark' }
];

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

class ThemeChoice {
  #value = $state<Theme>(stored());

  get value(): Theme {
    return this.#value;
  }

  set value(theme: Theme) {
    this.#value = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage is switched off: the choice lasts until the page is left.
    }
  }

  get next(): Theme {
    const at = THEMES.findIndex(({ value }) => value === this.#value);
    return THEMES[(at + 1) % THEMES.length]!.value;
  }
}

export const theme = new ThemeChoice();
