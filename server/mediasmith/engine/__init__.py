"""The use cases behind every front end, and the results that they answer with."""
