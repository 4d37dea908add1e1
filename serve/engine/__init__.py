"""The models behind the routes: registry, routing, segments, batching and the processes that search."""
