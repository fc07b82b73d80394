from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from server.web.store import (
    DamagedPicture,
    NothingToUndo,
    RevisionMismatch,
    State,
    StoreError,
    StoreFull,
    UnknownPicture,
)
from server.web.tables import TableStore
from tests.web.conftest import OpenStore

BASE = '{"model":"village","seed":1}'


def with_edit(edit: str) -> Callable[[State], State]:
    """A change that adds an edit."""
    return lambda state: State((*state.edits, edit), state.looks)


def only(*edits: str) -> Callable[[State], State]:
    """A change to just these edits."""
    return lambda state: State(edits)


@pytest.fixture
def store(open_store: OpenStore) -> TableStore:
    return open_store(max_pictures=5, max_history=4)


def rows(store: TableStore, query: str) -> list[tuple[object, ...]]:
    """What is in the tables."""
    with store._database.reading():
        return store._database.execute(query).fetchall()


def damage(store: TableStore, statement: str) -> None:
    """Do to the tables what the store would not."""
    with store._database.transaction():
        store._database.execute(statement)


def test_a_picture_comes_back_as_it_was(store: TableStore) -> None:
    made = store.create(BASE, State(("a", "b", "a")))
    assert store.get(made.id) == made
    assert (made.base, made.state.edits, made.revision) == (BASE, ("a", "b", "a"), 1)


def test_ids_cannot_be_guessed_from_each_other(store: TableStore) -> None:
    ids = {store.create(BASE).id for _ in range(5)}
    assert len(ids) == 5
    assert min(map(len, ids)) >= 16


def test_undo_and_redo_walk_the_states(store: TableStore) -> None:
    picture = store.create(BASE).id
    for edit in "abc":
        store.change(picture, with_edit(edit))
    assert [store.undo(picture).state.edits for _ in range(3)] == [("a", "b"), ("a",), ()]
    with pytest.raises(NothingToUndo):
        store.undo(picture)
    assert [store.redo(picture).state.edits for _ in range(2)] == [("a",), ("a", "b")]
    record = store.change(picture, with_edit("d"))
    assert (record.state.edits, record.can_undo, record.can_redo) == (("a", "b", "d"), True, False)
    with pytest.raises(NothingToUndo):
        store.redo(picture)
    assert store.undo(picture).state.edits == ("a", "b")


def test_looks_are_undone_like_edits(store: TableStore) -> None:
    picture = store.create(BASE, State(("a",), '{"clean":true}')).id
    changed = store.change(picture, lambda state: State(state.edits, '{"directions":{"season":1.0}}'))
    assert (changed.state.edits, changed.state.looks) == (("a",), '{"directions":{"season":1.0}}')
    store.change(picture, with_edit("b"))
    assert store.undo(picture).state == changed.state
    assert store.undo(picture).state == State(("a",), '{"clean":true}')
    assert store.redo(picture).state == changed.state


def test_every_change_has_its_own_revision(store: TableStore) -> None:
    picture = store.create(BASE).id
    revisions = [
        store.change(picture, only("a")).revision,
        store.undo(picture).revision,
        store.redo(picture).revision,
    ]
    assert revisions == [2, 3, 4]


def test_a_change_that_changes_nothing_or_fails_leaves_no_state(store: TableStore) -> None:
    before = store.create(BASE, State(("a",)))

    def fail(state: State) -> State:
        raise RuntimeError("no")

    assert store.change(before.id, lambda state: state) == before
    with pytest.raises(RuntimeError):
        store.change(before.id, fail)
    assert store.get(before.id) == before
    assert store.change(before.id, only("b")).state.edits == ("b",)


def test_the_oldest_steps_go_first(store: TableStore) -> None:
    picture = store.create(BASE).id
    for number in range(10):
        store.change(picture, with_edit(str(number)))
    for _ in range(3):
        record = store.undo(picture)
    assert record.can_undo is False
    assert record.state.edits == tuple(map(str, range(7)))


def test_edits_no_state_names_are_forgotten(store: TableStore) -> None:
    picture = store.create(BASE).id
    for number in range(10):
        store.change(picture, only(f"only {number}"))
    for _ in range(3):
        store.undo(picture)
    store.change(picture, only("new"))
    assert rows(store, "SELECT body FROM edits ORDER BY body") == [("new",), ("only 6",)]


def test_the_known_revision_is_checked(store: TableStore) -> None:
    picture = store.create(BASE).id
    store.change(picture, only("a"), known={1})
    for call in (store.undo, store.redo, store.delete):
        with pytest.raises(RevisionMismatch):
            call(picture, known={1})
    with pytest.raises(RevisionMismatch):
        store.change(picture, only("b"), known={1})
    assert store.get(picture).state.edits == ("a",)


def test_what_is_deleted_is_unknown_and_leaves_nothing(store: TableStore) -> None:
    picture = store.create(BASE, State(("a",))).id
    store.delete(picture)
    for call in (store.get, store.undo, store.redo, store.delete):
        with pytest.raises(UnknownPicture):
            call(picture)
    assert [rows(store, f"SELECT count(*) FROM {t}") for t in ("pictures", "edits", "states")] == [[(0,)]] * 3


def test_only_so_many_pictures_are_kept(store: TableStore) -> None:
    pictures = [store.create(BASE).id for _ in range(5)]
    with pytest.raises(StoreFull):
        store.create(BASE)
    store.delete(pictures[0])
    store.create(BASE)
    with pytest.raises(StoreFull):
        store.create(BASE)


def test_edits_of_many_threads_and_two_openings_all_land(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(2)]
    picture = stores[0].create(BASE).id

    def edit(number: int) -> None:
        stores[number % 2].change(picture, with_edit(str(number)))

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stores[0].get(picture).state.edits, key=int) == list(map(str, range(20)))
    assert stores[1].get(picture).revision == 21


def test_tables_damaged_while_in_use_are_a_problem_and_no_crash(store: TableStore) -> None:
    made = store.create(BASE)
    damage(store, "DROP TABLE states")
    for call in (lambda: store.get(made.id), lambda: store.undo(made.id), lambda: store.create(BASE)):
        with pytest.raises(StoreError, match="gave an error"):
            call()


def test_one_of_several_known_revisions_is_enough(store: TableStore) -> None:
    picture = store.create(BASE).id
    assert store.change(picture, only("a"), known={7, 1}).revision == 2
    for known in ({1, 7}, frozenset()):
        with pytest.raises(RevisionMismatch):
            store.undo(picture, known=known)


BAD_NUMBERS = ("[", "7", '{"1": 1}', "[[1]]", "[99]", f"[{2**70}]", "[true]", '["1"]', "[" * 100_000)
DAMAGES = [
    "UPDATE edits SET body = '{}'",
    "DELETE FROM edits",
    *(f"UPDATE states SET edits = '{numbers}'" for numbers in BAD_NUMBERS),
    "UPDATE pictures SET base = '{\ufffd'",
    "UPDATE pictures SET position = 99",
    "UPDATE pictures SET changed = -1e15",
    "DELETE FROM states",
]


@pytest.mark.parametrize("statement", DAMAGES, ids=lambda statement: statement[:40])
def test_what_is_damaged_is_told_and_can_be_deleted(store: TableStore, statement: str) -> None:
    picture = store.create(BASE, State(("a",))).id
    damage(store, statement)
    for call in (
        lambda: store.get(picture),
        lambda: store.change(picture, only("b")),
        lambda: store.undo(picture),
    ):
        with pytest.raises(DamagedPicture):
            call()
    store.delete(picture)
    with pytest.raises(UnknownPicture):
        store.get(picture)


def test_a_name_has_a_revision_and_can_not_be_undone(store: TableStore) -> None:
    made = store.create(BASE, State(("a",)))
    assert (made.name, made.created) == ("", made.changed)
    named = store.rename(made.id, "The house", {made.revision})
    assert (named.name, named.revision, named.can_undo, named.state) == ("The house", 2, False, made.state)
    assert named.changed > named.created == made.created
    assert store.rename(made.id, "The house") == named
    with pytest.raises(RevisionMismatch):
        store.rename(made.id, "x", {made.revision})
    with pytest.raises(UnknownPicture):
        store.rename("nowhere", "x")


def test_a_name_of_any_characters_is_kept(store: TableStore) -> None:
    picture = store.create(BASE).id
    assert store.rename(picture, "Häuschen 🏠 ' ? %s").name == "Häuschen 🏠 ' ? %s"
    assert store.rename(picture, "a\0b").revision == 3
    with pytest.raises(UnknownPicture):
        store.get("nowhere\0")


def test_many_pictures_are_counted_now_and_then_and_never_too_many(open_store: OpenStore) -> None:
    store = open_store(max_pictures=40)
    for _ in range(40):
        store.create(BASE)
    with pytest.raises(StoreFull):
        store.create(BASE)
