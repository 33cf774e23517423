"""Build with ``python -m sphinx -W --keep-going -b html doc doc/_build/html``."""

import os
from pathlib import Path

# The examples draw into files.
os.environ.setdefault("MPLBACKEND", "Agg")

from sphinx.util.docutils import SphinxDirective

from sklearn_graceful import __version__, metrics

project = "sklearn_graceful"
author = "The sklearn_graceful developers"
copyright = author
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "literal"

autosummary_generate = True
autodoc_typehints = "none"
# Made by scikit-learn for every estimator; their text refers to its own pages.
autodoc_default_options = {
    "exclude-members": "set_fit_request, set_partial_fit_request, set_score_request"
}
# The class template lists the members.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"demo\.py",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("sklearn_graceful",),
    "reference_url": {"sklearn_graceful": None},
    "backreferences_dir": "generated/backreferences",
    "abort_on_example_error": True,
    "parallel": 2,
    "show_memory": False,
    # That page fetches scripts from elsewhere.
    "write_computation_times": False,
    # Examples print what they want to show.
    "capture_repr": (),
}

html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_title = "sklearn_graceful"
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
    "show_nav_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {
    "index": [],
    "contributing/index": [],
    "contributing/layout": [],
    "changes": [],
    "user_guide": [],
}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]


class FlipFigures(SphinxDirective):
    """The flip figures that have a function, as the package's own table has them."""

    def run(self):
        rows = [("Function", "Formula", "Range", "Reading")]
        for name, figure in metrics.FLIP_FIGURES.items():
            if function := getattr(metrics, name, None):
                reading = function.__doc__.splitlines()[0]
                rows.append((f":func:`{name}`", figure.formula, figure.range, reading))
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 32 26 12 30", ""]
        for first, *others in rows:
            lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
        return self.parse_text_to_nodes("\n".join(lines))


class Changes(SphinxDirective):
    """The releases of CHANGES.md, which is reStructuredText but for its headings."""

    def run(self):
        path = Path(self.env.srcdir).parent / "CHANGES.md"
        self.env.note_dependency(str(path))
        lines = []
        for line in path.read_text().splitlines():
            if line.startswith("## "):
                lines += [line[3:], "-" * len(line[3:])]
            elif not line.startswith("# "):
                lines.append(line)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app):
    """Make the directives known to Sphinx."""
    app.add_directive("flip-figures", FlipFigures)
    app.add_directive("changes", Changes)
