import { log } from './log.js';

// Delays calls until `wait` milliseconds have passed without another.
export function debounce(callback, wait = 200) {
  let timer = null;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => callback(...args), wait);
  };
}

const groupBy = (items, key) =>
  items.reduce((groups, item) => {
    const name = item[key];
    groups[name] = groups[name] ?? [];
    groups[name].push(item);
    return groups;
  }, {});
