"""The exception for mistakes that the user can correct; any other exception is a defect and keeps its traceback."""


class InputError(Exception):
    """A mistake in the user's files or settings: names the file, the row or key, what was found and what was expected."""
