import asyncio


def even_squares(limit):
    for number in range(0, limit, 2):
        yield number ** 2


async def fetch_all(client, urls):
    pages = await asyncio.gather(*[client.get(url) for url in urls])
    return {url: page.text for url, page in zip(urls, pages) if page.ok}


def countdown(start):
    for second in range(start, 0, -1):
        print(second)
