from exporter.simulator.engine import Engine, Process, Record, Signal


def _record(time: int, message: str) -> Record:
    return Record(time, "CEN", "distmgr", "SMS_DISTRIBUTION_MANAGER", 4, message)


def _say(engine: Engine, message: str, every: int, times: int) -> Process:
    for _ in range(times):
        yield every
        engine.write(_record(engine.now, message))


def test_processes_take_turns_in_the_order_of_time() -> None:
    engine = Engine(1000)
    engine.spawn(_say(engine, "slow", 50, 2))
    engine.spawn(_say(engine, "quick", 20, 3))
    assert [(record.time, record.message) for record in engine.run(2000)] == [
        (1020, "quick"),
        (1040, "quick"),
        (1050, "slow"),
        (1060, "quick"),
        (1100, "slow"),
    ]
    assert engine.now == 2000


def test_run_stops_after_the_time_that_was_asked_for_and_goes_on_from_there() -> None:
    engine = Engine(0)
    engine.spawn(_say(engine, "tick", 10, 4))
    assert [record.time for record in engine.run(20)] == [10, 20]
    assert engine.now == 20
    assert [record.time for record in engine.run(100)] == [30, 40]


def test_record_of_a_later_time_comes_between_others_in_its_place() -> None:
    engine = Engine(0)
    engine.spawn(_say(engine, "tick", 10, 2))
    engine.write_later(_record(15, "noise"))
    assert [record.message for record in engine.run(100)] == ["tick", "noise", "tick"]


def _wait(engine: Engine, signal: Signal, limit: int) -> Process:
    while True:
        yield signal, limit
        engine.write(_record(engine.now, "woken"))


def _fire(engine: Engine, signal: Signal, *times: int) -> Process:
    for time in times:
        yield time - engine.now
        signal.fire(engine)


def test_waiting_process_is_woken_by_the_signal_or_by_its_time_limit_and_not_twice() -> None:
    engine, signal = Engine(0), Signal()
    engine.spawn(_wait(engine, signal, 100))
    engine.spawn(_fire(engine, signal, 30, 150))
    assert [record.time for record in engine.run(300)] == [30, 130, 150, 250]


def _deaf(engine: Engine, signal: Signal) -> Process:
    yield 50
    yield signal
    engine.write(_record(engine.now, "woken"))


def test_firing_that_nobody_waits_for_is_kept_for_the_next_wait() -> None:
    engine, signal = Engine(0), Signal()
    engine.spawn(_deaf(engine, signal))
    engine.spawn(_fire(engine, signal, 10))
    assert [record.time for record in engine.run(100)] == [50]


def test_killed_process_writes_nothing_more() -> None:
    engine = Engine(0)
    task = engine.spawn(_say(engine, "tick", 10, 10))
    assert len(list(engine.run(35))) == 3
    engine.kill(task)
    assert list(engine.run(1000)) == []
    assert not task.alive
