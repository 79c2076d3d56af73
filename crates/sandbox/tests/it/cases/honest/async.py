import asyncio
async def f(x):
    await asyncio.sleep(0.001)
    return x+1
async def many(fs): return await asyncio.gather(*[f() for f in fs])
async def ag(n):
    for i in range(n): yield i
def sync(): return asyncio.run(f(1))
# ---- tests
import asyncio
assert asyncio.run(f(1))==2
async def main():
    return await asyncio.gather(f(1),f(2)), [i async for i in ag(3)]
assert asyncio.run(main())==([2,3],[0,1,2])
assert sync()==2
async def job():
    await asyncio.sleep(0)
    return 4
assert asyncio.run(many([job,job]))==[4,4]
loop=asyncio.new_event_loop()
assert loop.run_until_complete(f(4))==5
async def t():
    try:
        await asyncio.wait_for(asyncio.sleep(5),0.01)
    except asyncio.TimeoutError: return 'late'
assert asyncio.run(t())=='late'
