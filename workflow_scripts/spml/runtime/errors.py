"""The one exception for what the user can mend; everything else is a defect and keeps its traceback."""


class InputError(Exception):
    """A mistake in the user's files or settings: names the file, the row or key, what was found and what is wanted."""
