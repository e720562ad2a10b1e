"""The last-value cache."""

import threading

from stores.latest import LatestCache
from stores.memory import MemoryStore
from tests.stores.rows import DEVICES, MINUTE, NOON, batch, clock


def test_a_newer_batch_replaces_an_older_one_and_not_the_other_way_round() -> None:
    cache = LatestCache()
    cache.update([batch(5), batch(3), batch(4, "inv-2")])
    cache.update([batch(5, power=7.0)])
    assert cache.get("inv-1") == batch(5)
    assert list(cache.many(["inv-2", "nobody", "inv-1"])) == [batch(4, "inv-2"), batch(5)]
    assert cache.get("nobody") is None


def test_it_starts_from_what_the_store_has() -> None:
    store = MemoryStore(clock(), DEVICES)
    store.write([batch(0), batch(30), batch(1, "inv-2")])
    cache = LatestCache()
    assert cache.warm(store, list(DEVICES), NOON + 10 * MINUTE) == 1
    assert cache.get("inv-1") == batch(30)
    assert cache.get("inv-2") is None


def test_updates_from_many_threads_leave_the_newest() -> None:
    cache = LatestCache()

    def send(offset: int) -> None:
        for minute in range(offset, 400, 4):
            cache.update([batch(minute)])

    threads = [threading.Thread(target=send, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get("inv-1") == batch(399)
