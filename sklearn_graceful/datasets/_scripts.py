"""Scripts of thousands of characters: the usual ones, and which fonts have them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """The characters that a national standard lists as usual.

    Attributes
    ----------
    codec : str
        Encodes the standard's table of rows of 94 characters.
    first_row, n_characters : int
        Where they begin in the table, and how many there are.
    step : int
        Near the golden section of their number, which spreads any first n of them over
        the list, where those that share a part are neighbours; and prime to it, which
        reaches every character.
    packages : tuple of str
        Debian's, that bring a face unlike those of all others.
    """

    codec: str
    first_row: int
    n_characters: int
    step: int
    packages: tuple

    def usual(self):
        """List the characters, with neighbours of the standard far apart."""
        codes = (
            bytes((0xA0 + self.first_row + i // 94, 0xA1 + i % 94))
            for i in range(self.n_characters)
        )
        listed = b"".join(codes).decode(self.codec)
        return [listed[i * self.step % len(listed)] for i in range(len(listed))]


SCRIPTS = {
    # Level 1 of JIS X 0208.
    "kanji": Script(
        "euc_jp",
        16,
        2965,
        1833,
        (
            "fonts-aoyagi-kouzan-t",
            "fonts-aoyagi-soseki",
            "fonts-arphic-bkai00mp",
            "fonts-babelstone-han",
            "fonts-baekmuk",
            "fonts-cwtex-fs",
            "fonts-cwtex-heib",
            "fonts-cwtex-ming",
            "fonts-dejima-mincho",
            "fonts-dotgothic16",
            "fonts-hanazono",
            "fonts-horai-umefont",
            "fonts-kiloji",
            "fonts-klee",
            "fonts-kouzan-mouhitsu",
            "fonts-mona",
            "fonts-morisawa-bizud-gothic",
            "fonts-morisawa-bizud-mincho",
            "fonts-mplus",
            "fonts-oradano-mincho-gsrr",
            "fonts-rampart",
            "fonts-reggae",
            "fonts-ricty-diminished",
            "fonts-sawarabi-mincho",
            "fonts-seto",
            "fonts-smiley-sans",
            "fonts-train",
            "fonts-unfonts-core",
            "fonts-unfonts-extra",
            "fonts-wqy-zenhei",
            "fonts-yozvox-yozfont-standard-kana",
            "fonts-yusei-magic",
        ),
    ),
    # Hangul of KS X 1001.
    "hangul": Script(
        "euc_kr",
        16,
        2350,
        1453,
        (
            "fonts-alee",
            "fonts-baekmuk",
            "fonts-lexi-gulim",
            "fonts-lexi-saebom",
            "fonts-nanum",
            "fonts-nanum-extra",
            "fonts-naver-d2coding",
            "fonts-unfonts-core",
            "fonts-unfonts-extra",
            "fonts-woowa-bm",
        ),
    ),
}
