function load(id) {
  return fetch(`/users/${id}`)
    .then((response) => response.json())
    .then((user) => user.name)
    .catch((error) => console.error(error))
    .finally(() => done());
}

async function loadAll(ids) {
  const names = await Promise.all(ids.map((id) => load(id)));
  return names.filter((name) => name.length > 2);
}
