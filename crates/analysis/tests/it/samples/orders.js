const API = '/api/orders';

function loadOrders(userId) {
  return fetch(`${API}?user=${userId}`)
    .then((response) => {
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return response.json();
    })
    .then((orders) => orders.filter((order) => order.status !== 'cancelled'))
    .catch((error) => {
      console.error(error);
      return [];
    })
    .finally(() => hideSpinner());
}

const summarise = (orders) =>
  orders
    .map(({ lines, ...order }) => ({ ...order, total: lines.reduce((sum, line) => sum + line.price * line.qty, 0) }))
    .filter((order) => order.total > 0)
    .sort((a, b) => b.total - a.total)
    .slice(0, 10);

const groupBy = (items, key) =>
  items.reduce((groups, item) => {
    (groups[item[key]] ||= []).push(item);
    return groups;
  }, {});

document.querySelector('#reload').addEventListener('click', async () => {
  const orders = await loadOrders(42);
  render(groupBy(summarise(orders), 'country'));
});
