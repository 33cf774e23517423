"""Tables as plain text."""


def text_table(rows, gap=2):
    """Lines of a table, each column as wide as its widest text and `gap` blanks."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append((" " * gap).join(cells).rstrip())
    return lines
