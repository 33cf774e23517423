"""matplotlib, which is imported only when something is drawn."""


def import_pyplot(display):
    """Import pyplot, or say who needs it and how to install it.

    Parameters
    ----------
    display : str
        Name of the display that draws.

    Returns
    -------
    pyplot : module

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} draws with matplotlib, which is not installed: "
            "pip install sklearn-graceful[plot]"
        ) from error
    return plt
