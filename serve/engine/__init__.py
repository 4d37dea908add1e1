"""The engine behind the routes: model registry, routing, segments, batching and the process pool."""
