"""Which backend and model shall do a request: a pure function from what is installed and asked to ordered choices."""

from mediasmith.selector.choice import Choice, Origin, Wish
from mediasmith.selector.select import Installed, select

__all__ = ["Choice", "Installed", "Origin", "Wish", "select"]
