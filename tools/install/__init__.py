"""How clients install the server: what is known of the project, and the manifests that follow from it."""
