"""A report as text, as a page, and as files that machines read."""

from sklearn_graceful.report._formats._html import as_html
from sklearn_graceful.report._formats._json import as_json
from sklearn_graceful.report._formats._junit import as_junit
from sklearn_graceful.report._formats._text import as_text

__all__ = ["as_html", "as_json", "as_junit", "as_text"]
