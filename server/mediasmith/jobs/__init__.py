"""Jobs from the paying request to saved files: dispatch, polling, cancellation, recovery. It knows no front end."""
