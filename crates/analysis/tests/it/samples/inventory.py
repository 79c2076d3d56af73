from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Item:
    """One product kept in stock."""

    name: str
    price_cents: int
    quantity: int = 0
    tags: list[str] = field(default_factory=list)

    @property
    def total_cents(self) -> int:
        return self.price_cents * self.quantity

    def restock(self, count: int) -> None:
        if count <= 0:
            raise ValueError("count must be positive")
        self.quantity += count

    @classmethod
    def from_row(cls, row: dict) -> Item:
        return cls(name=row["name"], price_cents=int(row["price"]), quantity=row.get("qty", 0))


@dataclass(frozen=True)
class Inventory:
    items: dict[str, Item] = field(default_factory=dict)

    def value_cents(self) -> int:
        return sum(item.total_cents for item in self.items.values())

    def cheapest(self, n: int = 3) -> list[Item]:
        return sorted(self.items.values(), key=lambda item: item.price_cents)[:n]

    def __contains__(self, name: str) -> bool:
        return name in self.items
