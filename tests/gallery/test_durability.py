"""What is on the disk: it survives kills, and whatever is damaged is named."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sklearn_graceful import DamagedGalleryError, Gallery
from sklearn_graceful.gallery import _blocks, _local_store, _log
from tests.gallery.models import Linear, Stranger


@pytest.fixture
def folder(tmp_path, models, X):
    """A gallery on disk in the middle of an upgrade, closed."""
    path = tmp_path / "gallery"
    with Gallery(models[0], path) as gallery:
        gallery.add([f"item {n}" for n in range(60)], X[:60])
        gallery.add([f"item {n}" for n in range(60, 100)], X[60:100])
        gallery.delete([f"item {n}" for n in range(0, 100, 9)])
        gallery.upgrade(models[1])
        gallery.backfill(rows_of(X), budget=30)
    return path


def rows_of(X):
    return lambda ids: X[[int(name.split()[1]) for name in ids]]


def contents(gallery):
    """Everything that a user can ask for."""
    ids = gallery.ids().tolist()
    return (
        ids,
        gallery.vectors(ids).tobytes(),
        gallery.versions(),
        gallery.status(),
    )


def test_opened_again_it_is_what_it_was_and_goes_on(folder, models, X):
    with Gallery.open(folder, [*models]) as gallery:
        before = contents(gallery)
        found = gallery.search(X[100:])
    with Gallery.open(folder, models[1]) as gallery:
        assert contents(gallery) == before
        np.testing.assert_array_equal(gallery.search(X[100:])[0], found[0])
        assert gallery.backfill(rows_of(X)).n_left == 0
        gallery.commit()
        gallery.compact()
    with Gallery.open(folder, models[1]) as gallery:
        assert [v.n_items for v in gallery.versions()] == [88]
        assert gallery.metric == "cosine"


def test_settings_and_open_upgrades_are_remembered(tmp_path, models, X):
    stranger = Stranger()
    stranger.fingerprint_ = "stranger"
    source = lambda ids: X[ids]  # noqa: E731
    with Gallery(models[0], tmp_path / "a", metric="euclidean") as gallery:
        gallery.add(range(100), X[:100])
        gallery.upgrade(stranger, how="two_stage", source=source, n_candidates=9)
        found = gallery.search(X[100:], k=3)
    both = [models[0], stranger]
    with Gallery.open(tmp_path / "a", both, source=source) as gallery:
        assert gallery.metric == "euclidean"
        np.testing.assert_array_equal(gallery.search(X[100:], k=3)[0], found[0])
        assert gallery.backfill(source).serves


def test_only_models_that_the_gallery_knows_open_it(folder, models, X):
    with pytest.raises(ValueError, match="linear 8, but the gallery holds vectors of"):
        Gallery.open(folder, models[2])
    with pytest.raises(ValueError, match="no adapter"):
        Gallery.open(folder, models[1], adapter=Linear(3))
    with Gallery.open(folder) as gallery:  # by vectors only
        near, _ = gallery.search(vectors=models[1].transform(X[1:2]), k=1)
        assert near == [["item 1"]]
        with pytest.raises(ValueError, match="not at hand"):
            gallery.search(X[:1])


def test_one_folder_is_open_once(folder, models):
    with (
        Gallery.open(folder, models[1]),
        pytest.raises(RuntimeError, match="open elsewhere"),
    ):
        Gallery.open(folder, models[1])
    Gallery.open(folder, models[1]).close()


def test_there_must_be_one_to_open_and_none_to_make(folder, models, tmp_path):
    with pytest.raises(FileExistsError, match=r"Gallery\.open"):
        Gallery(models[0], folder)
    with pytest.raises(FileNotFoundError, match="holds no gallery"):
        Gallery.open(tmp_path / "elsewhere")


def test_a_later_format_is_refused_by_its_number(folder, models, monkeypatch):
    monkeypatch.setattr(_log, "FORMAT", 0)
    with pytest.raises(ValueError, match=r"format 1, of a newer version"):
        Gallery.open(folder, models[1])


def files_of(folder):
    return sorted(file for file in folder.iterdir() if file.stat().st_size)


def opened(copy, models, before):
    """Whether a damaged copy opens, and then as it was; an error must name a file."""
    try:
        gallery = Gallery.open(copy, models[1])
    except (DamagedGalleryError, OSError, ValueError) as error:
        message = str(error)
    else:
        with gallery:
            assert contents(gallery) == before
        return True
    assert any(file.name in message for file in copy.iterdir()), message
    return False


@pytest.mark.slow
def test_no_flipped_bit_goes_unnoticed(folder, models, tmp_path):
    with Gallery.open(folder, models[1]) as gallery:
        before = contents(gallery)
    rng, copy, unharmed = np.random.default_rng(0), tmp_path / "copy", 0
    for _ in range(150):
        shutil.copytree(folder, copy)
        file = rng.choice(files_of(copy))
        content = bytearray(file.read_bytes())
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        file.write_bytes(content)
        unharmed += opened(copy, models, before)
        shutil.rmtree(copy)
    # Room that nothing was written to may hold anything.
    assert unharmed < 150


def test_flipped_bits_among_vectors_are_named(folder, models):
    for file in folder.glob("*.f32"):
        content = bytearray(file.read_bytes())
        content[50] ^= 4
        file.write_bytes(content)
        with pytest.raises(DamagedGalleryError, match=rf"{file.name} is damaged: rows"):
            Gallery.open(folder, models[1])
        content[50] ^= 4
        file.write_bytes(content)
    Gallery.open(folder, models[1]).close()


def test_files_that_were_cut_off_are_named(folder, models, tmp_path):
    with Gallery.open(folder, models[1]) as gallery:
        before = contents(gallery)
    for file in files_of(folder):
        for share in (0, 0.01, 0.3, 0.9):
            copy = tmp_path / "copy"
            shutil.copytree(folder, copy)
            os.truncate(copy / file.name, int(share * file.stat().st_size))
            harmed = not opened(copy, models, before)
            # The journal of a step that is over says nothing any more, and the file of
            # vectors has room behind the last.
            if file.suffix == ".sqlite":
                assert harmed
            if file.suffix == ".f32":
                assert harmed == (share < 0.05)
            shutil.rmtree(copy)


def test_a_file_that_is_gone_is_named(folder, models):
    lost = next(folder.glob("*.f32"))
    lost.unlink()
    with pytest.raises(
        DamagedGalleryError, match=rf"{lost.name} is damaged: it is not"
    ):
        Gallery.open(folder, models[1])


@pytest.mark.parametrize("where", ["vectors", "log"])
def test_a_full_disk_changes_nothing(where, folder, models, X, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    with Gallery.open(folder, models[1]) as gallery:
        before = contents(gallery)
        if where == "vectors":
            monkeypatch.setattr(_blocks.FileBlock, "write", full)
        else:
            monkeypatch.setattr(_log.Log, "_write_head", full)
        for call in (
            lambda: gallery.add(["new"], X[150:151]),
            lambda: gallery.update(["item 1"], X[150:151]),
            lambda: gallery.backfill(rows_of(X)),
        ):
            with pytest.raises(OSError, match="No space left"):
                call()
            assert contents(gallery) == before
        monkeypatch.undo()
        gallery.add(["new"], X[150:151])
        assert gallery.search(X[150:151], k=1)[0] == [["new"]]
    with Gallery.open(folder, models[1]) as gallery:
        assert len(gallery) == len(before[0]) + 1


def test_a_disk_that_cannot_be_written_to_can_be_searched(
    folder, models, monkeypatch, X
):
    monkeypatch.setattr(_local_store.os, "access", lambda *args: False)
    with Gallery.open(folder, models[1]) as gallery:
        before = contents(gallery)
        assert len(gallery.search(X[100:])[0]) == 100
        with pytest.raises(OSError, match="read-only"):
            gallery.add(["new"], X[150:151])
        assert contents(gallery) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kills_at_any_moment():
    command = [sys.executable, "-m", "benchmarks.gallery_faults", "--kills", "15"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("15 kills")
