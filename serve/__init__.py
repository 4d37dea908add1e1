"""`seq2seq serve`: a REST service and a demo page around one or several translators.

command ──> app ──> api    POST /translate, GET /languages, GET /health
               └──> demo   Gradio page at /; attention_view draws its map
worker: the one place where models run, one call at a time
"""
