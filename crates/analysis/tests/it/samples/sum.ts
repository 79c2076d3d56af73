type Price = { amount: number; currency: string };

function total(prices: Price[], currency: string): number {
  let sum = 0;
  for (let i = 0; i < prices.length; i++) {
    if (prices[i].currency === currency) {
      sum += prices[i].amount;
    }
  }
  return sum > 0 ? sum : 0;
}
