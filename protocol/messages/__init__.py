"""What nodes say to each other over HTTP: signed requests and the stream of entries."""
