"""`seq2seq serve`: a REST service and a demo page around one or several models.

    command ─> app ─┬─ http     connections, middleware before every route, authentication, parsing
                    ├─ routes   LibreTranslate's shapes, /v1, status
                    └─ demo     Gradio page at /, drawings from views
    routes ─> service ─> registry, language_id, segments ─> batcher ─> fair_queue ─> executor ─> process_pool

Models are used in one place, the executor: a few calls at a time. Where there are several cores, batches are
searched in processes of their own.
"""
