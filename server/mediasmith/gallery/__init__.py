"""The gallery: a web page over the library. Routes and the page's own files alone: the engine does the rest."""
