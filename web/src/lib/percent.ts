// How a share is written for people.

/** A share of 0 to 1 in per cent. What is nearly nothing or nearly certain is not rounded to nothing or to certainty. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  if (share > 0.99 && share < 1) return '> 99 %';
  return `${Math.round(Math.min(1, Math.max(0, share)) * 100)} %`;
}
