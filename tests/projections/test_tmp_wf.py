import asyncio, random
from tests.projections.books import *
from tests.conftest import *
async def test_x(database: str) -> None:
    hung = 0
    async with open_books(database) as books:
      for n in range(400):
        runner = Runner(database, READ_MODELS, CODEC)
        await runner.start()
        t = asyncio.create_task(books.add_bill()) if n % 2 else None
        await asyncio.sleep(random.random() * 0.03)
        try:
            async with asyncio.timeout(3): await runner.close()
        except TimeoutError:
            hung += 1
            for task in runner._tasks:
                print(n, "HANGS", task, task.cancelling())
                task.print_stack()
                task.cancel()
        if t: await t
    print("hung", hung)
