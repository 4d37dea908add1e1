"""`seq2seq serve`: a REST service and a demo page around one or several translators.

    command ─> app ─┬─ record, origins, guard    before every route; connection: before every request
                    ├─ api, files                LibreTranslate's shapes
                    ├─ translations, pairs       /v1
                    ├─ status                    health, figures, models
                    └─ demo                      Gradio page at /
    routes ─> access ─> service ─> catalog, detect ─> batcher ─> turns ─> worker ─> searchers

worker: the one place where models are used, a few calls at a time; searchers: processes for its batches
"""
