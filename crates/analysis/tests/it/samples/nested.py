def ship(order, user, stock, country, weight):
    if order:
        if user and user.active:
            if order.item in stock:
                if stock[order.item] > 0:
                    if country in ("DE", "FR"):
                        if weight < 2:
                            return 5
                        elif weight < 10:
                            return 9
                        else:
                            if weight > 30:
                                raise ValueError("too heavy")
                            return 20
                    else:
                        if country == "US":
                            return 30 if weight < 5 else 60
                        return None
                else:
                    return "sold out"
            else:
                return "unknown item"
        else:
            return "not allowed"
    return -1
