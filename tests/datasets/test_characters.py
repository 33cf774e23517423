"""Characters in many fonts: what is drawn, what is left out, and how it is split."""

import shutil
import string
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful.datasets import CharacterImages, render_characters
from sklearn_graceful.datasets._scripts import SCRIPTS

pytest.importorskip("PIL", reason="needs the extra 'datasets'")
matplotlib = pytest.importorskip("matplotlib", reason="brings fonts")

LETTERS = string.ascii_letters
# Of these five the last has no Cyrillic letters, and no two look alike.
FONTS = (
    *("DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-BoldItalic"),
    "cmtt10",
)


def copy_font(name, folder, new_name=None):
    source = Path(matplotlib.get_data_path(), "fonts/ttf", f"{name}.ttf")
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, folder / f"{new_name or name}.ttf"))


@pytest.fixture
def folder(tmp_path):
    for name in FONTS:
        copy_font(name, tmp_path)
    return tmp_path


def render(folder, characters, n_characters=None, **arguments):
    """Render the first `n_characters`, or as many as these, that fonts have."""
    # Few characters would not tell which fonts look alike.
    return render_characters(
        n_characters or len(characters),
        characters=[*characters, *LETTERS],
        path=folder,
        **arguments,
    )


def fonts_drawn(folder, **arguments):
    data = render_characters(characters=LETTERS, path=folder, **arguments)
    return np.unique(data.fonts).tolist()


def assert_equal(data, other):
    np.testing.assert_array_equal(data.images, other.images)
    np.testing.assert_array_equal(data.characters, other.characters)
    np.testing.assert_array_equal(data.fonts, other.fonts)


def test_each_character_is_drawn_in_each_font_in_the_order_asked_for(folder):
    data = render(folder, "Rag")
    assert data.images.shape == (15, 32, 32)
    assert data.images.dtype == np.uint8
    assert data.characters.tolist() == ["R"] * 5 + ["a"] * 5 + ["g"] * 5
    assert data.fonts.tolist() == list(FONTS) * 3
    # Every picture of an R is another, and none is one of an a.
    assert len(np.unique(data.images, axis=0)) == 15


@pytest.mark.parametrize("size", [8, 32, 64])
def test_characters_are_white_on_black_centred_and_as_large_as_the_margin_lets(
    folder, size
):
    data = render(folder, "Wil-", size=size)
    margin = max(1, size // 16)
    for image in data.images:
        assert image.max() > 100
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        heights, widths = (
            (rows[0], size - 1 - rows[-1]),
            (
                columns[0],
                size - 1 - columns[-1],
            ),
        )
        # A bare edge may round to black.
        assert margin <= min(*heights, *widths) <= margin + 1
        assert abs(heights[0] - heights[1]) <= 2
        assert abs(widths[0] - widths[1]) <= 2


def test_wide_and_high_characters_keep_their_shape(folder):
    data = render(folder, "l-").subset(fonts=["DejaVuSerif"])
    high, wide = (image > 0 for image in data.images)
    assert high.any(1).sum() > 2 * high.any(0).sum()
    assert wide.any(0).sum() > 2 * wide.any(1).sum()


def test_unpacked_packages_and_the_environment_give_the_same(
    folder, tmp_path_factory, monkeypatch
):
    root = tmp_path_factory.mktemp("unpacked")
    for place, name in zip("ddcba", FONTS, strict=True):
        copy_font(name, root / "usr/share/fonts/truetype" / place)
    # Not where the packages have theirs.
    copy_font("cmti10", root / "usr/lib/R/www")
    expected = render_characters(characters=LETTERS, path=folder)

    assert_equal(render_characters(characters=LETTERS, path=root), expected)
    monkeypatch.setenv("SKLEARN_GRACEFUL_DATA", str(root))
    assert_equal(render_characters(characters=LETTERS), expected)


def test_images_of_characters_that_a_font_lacks_are_left_out(folder):
    data = render(folder, "abcЖ")
    assert data.fonts[data.characters == "c"].tolist() == list(FONTS)
    assert data.fonts[data.characters == "Ж"].tolist() == list(FONTS[:4])


def test_characters_that_too_many_fonts_lack_and_blank_ones_are_left_out(folder):
    data = render(folder, "ab 亜cЖd", n_characters=5)
    assert list(dict.fromkeys(data.characters)) == list("abcЖd")
    # The second without Cyrillic letters: 4 of 6 are fewer than four fifths.
    copy_font("cmti10", folder)
    data = render(folder, "ab 亜cЖd", n_characters=4)
    assert list(dict.fromkeys(data.characters)) == list("abcd")


def test_glyphs_that_are_empty_or_stand_for_missing_ones_are_left_out(folder):
    ttlib = pytest.importorskip("fontTools.ttLib")
    font = ttlib.TTFont(folder / "DejaVuSerif.ttf")
    for table in font["cmap"].tables:
        if ord("b") in table.cmap:
            table.cmap |= {ord("b"): ".notdef", ord("c"): "space"}
    font.save(folder / "DejaVuSerif.ttf")

    data = render(folder, "abcd")

    for character in "bc":
        assert set(FONTS) - set(data.subset(character).fonts) == {"DejaVuSerif"}
    assert set(data.subset("a").fonts) == set(data.subset("d").fonts) == set(FONTS)


def test_fonts_of_other_scripts_and_of_last_resort_are_left_out(folder):
    for name in ("DejaVuSansDisplay", "STIXNonUni", "LastResortHE-Regular"):
        copy_font(name, folder)
    assert fonts_drawn(folder) == list(FONTS)


@pytest.mark.parametrize("max_correlation", [0.75, 1])
def test_of_copies_the_first_is_kept(folder, max_correlation):
    copy_font("DejaVuSerif", folder, "Another")
    copy_font("cmtt10", folder, "zcopy")
    expected = ["Another", *FONTS[:2], *FONTS[3:]]
    assert fonts_drawn(folder, max_correlation=max_correlation) == expected


def test_max_correlation_says_which_fonts_look_alike(folder):
    copy_font("DejaVuSansMono", folder)
    copy_font("DejaVuSansMono-Bold", folder)
    # Between these two it is .84.
    both = ["DejaVuSansMono", "DejaVuSansMono-Bold"]
    assert set(both) < set(fonts_drawn(folder, max_correlation=0.87))
    drawn = fonts_drawn(folder, max_correlation=0.81)
    assert [name in drawn for name in both] == [True, False]


def test_every_face_of_a_collection_is_drawn(folder):
    ttlib = pytest.importorskip("fontTools.ttLib")
    collection = ttlib.TTCollection()
    for name in FONTS[2:]:
        collection.fonts.append(ttlib.TTFont(folder / f"{name}.ttf"))
    collection.save(folder / "three.TTC")
    expected = render(folder, "abc")
    for name in FONTS[2:]:
        (folder / f"{name}.ttf").unlink()

    data = render(folder, "abc")

    np.testing.assert_array_equal(data.images, expected.images)
    assert data.fonts[:5].tolist() == [*FONTS[:2], "three", "three:1", "three:2"]


def test_files_that_are_no_fonts_are_passed_over(folder):
    (folder / "broken.ttf").write_bytes(b"no font" * 100)
    (folder / "empty.otf").touch()
    (folder / "dangling.ttf").symlink_to(folder / "nowhere")
    (folder / "folder.ttf").mkdir()
    assert fonts_drawn(folder) == list(FONTS)


def test_fonts_whose_programs_are_faulty_are_passed_over(folder):
    ttlib = pytest.importorskip("fontTools.ttLib")
    font = ttlib.TTFont(folder / f"{FONTS[0]}.ttf")
    unknown_instruction = b"\x7b"
    font["prep"].program.fromBytecode(unknown_instruction)
    font.save(folder / f"{FONTS[0]}.ttf")
    assert fonts_drawn(folder) == list(FONTS[1:])


def test_a_subset_has_the_characters_and_fonts_asked_for_and_no_other(folder):
    data = render(folder, "abcd")
    known = data.subset("db", FONTS[3:])
    assert known.characters.tolist() == ["b", "b", "d", "d"]
    assert known.fonts.tolist() == [*FONTS[3:], *FONTS[3:]]
    np.testing.assert_array_equal(known.images[3], data.images[-1])
    assert len(data.subset(["a"]).images) == 5
    assert len(data.subset(fonts=FONTS[:2]).images) == 8
    assert_equal(data.subset(), data)


def test_a_subset_of_what_is_not_there_is_refused():
    data = CharacterImages(np.zeros((1, 8, 8)), np.array(["a"]), np.array(["Serif"]))
    with pytest.raises(ValueError, match="No image has b, c"):
        data.subset("cab")
    with pytest.raises(ValueError, match="No image has Sans"):
        data.subset(fonts=["Sans"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_characters": 0}, "n_characters must be from 1 to 53, got 0"),
        ({"n_characters": 54}, "n_characters must be from 1 to 53, got 54"),
        ({"n_characters": 53}, "52 of the 53 characters are in 80% of the 5 fonts"),
        ({"characters": ""}, "single characters, got"),
        ({"characters": ["ab"]}, r"single characters, got \['ab'\]"),
        ({"characters": [97]}, r"single characters, got \[97\]"),
        ({"size": 7}, "size must be from 8 to 128, got 7"),
        ({"size": 129}, "size must be from 8 to 128, got 129"),
        (
            {"script": "runes"},
            r"script must be one of \('kanji', 'hangul'\), got 'runes'",
        ),
        ({"max_correlation": 0}, "max_correlation must be above 0"),
        ({"max_correlation": 1.5}, "max_correlation must be above 0"),
    ],
)
def test_arguments_out_of_range_are_refused(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        render_characters(path=folder, **{"characters": "亜" + LETTERS, **arguments})


@pytest.mark.parametrize("names", [(), FONTS[:1], ("DejaVuSansDisplay", *FONTS[:1])])
def test_too_few_fonts_are_named_with_what_to_install(tmp_path, names):
    for name in names:
        copy_font(name, tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        render_characters(characters=LETTERS, path=tmp_path)
    for advice in (
        "a class needs two views" if names else f"No fonts in {tmp_path}",
        "apt-get install PACKAGES",
        "apt-get download PACKAGES",
        "fonts-klee",
        "dpkg-deb -x $f FOLDER",
        "path='FOLDER'",
        "SKLEARN_GRACEFUL_DATA=FOLDER",
    ):
        assert advice in str(error.value)


@pytest.mark.parametrize(("script", "first"), [("kanji", "亜"), ("hangul", "가")])
def test_fonts_without_a_script_are_too_few_for_it(folder, script, first):
    with pytest.raises(
        FileNotFoundError, match=rf"0 of the fonts found have .* {first}"
    ):
        render_characters(script=script, path=folder)


@pytest.mark.parametrize(
    ("script", "n", "last"), [("kanji", 2965, "腕"), ("hangul", 2350, "힝")]
)
def test_usual_characters_are_all_of_the_standard_with_neighbours_apart(
    script, n, last
):
    usual = SCRIPTS[script].usual()
    listed = sorted(usual, key=lambda c: c.encode(SCRIPTS[script].codec))
    assert (len(set(usual)), listed[-1]) == (n, last)
    # Any first n are spread over the list.
    places = np.sort([listed.index(c) for c in usual[:50]])
    assert np.diff(places).max() < 3 * n / 50


def test_without_pillow_its_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.ImageFont", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-graceful\[datasets\]"):
        render_characters(characters=LETTERS, path=folder)


def test_real_kanji_are_found_again_in_other_fonts(or_skip):
    data = or_skip(render_characters, 40)
    assert len(np.unique(data.characters)) == 40
    # What every font has of level 1 is of the block of unified ideographs.
    assert all("\u4e00" <= character <= "\u9fff" for character in data.characters)
    n_fonts = len(np.unique(data.fonts))
    counts = np.unique(data.characters, return_counts=True)[1]
    assert counts.min() >= 0.8 * n_fonts
    # No two images are the same, as pictures of missing characters would be.
    pixels = data.images.reshape(len(data.images), -1)
    assert len(np.unique(pixels, axis=0)) == len(pixels)
    search = NearestNeighbors(n_neighbors=1, metric="cosine").fit(pixels / 255)
    nearest = search.kneighbors(return_distance=False)[:, 0]
    assert (data.characters[nearest] == data.characters).mean() > 0.5
