async function loadUsers(ids) {
  const users = [];
  for (const id of ids) {
    try {
      const response = await fetch(`/users/${id}`);
      if (!response.ok) {
        continue;
      }
      users.push(await response.json());
    } catch (error) {
      console.error(error);
    }
  }
  return users.filter((user) => user.active).map((user) => user.name);
}

class Counter {
  constructor(start = 0) {
    this.count = start;
  }

  increment() {
    this.count++;
    return this.count;
  }
}
