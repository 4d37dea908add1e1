"""Training: `seq2seq train`, LightningCLI underneath.

command        one run: settings, folder, fit, model directory
corpus, data   pairs of texts -> token-budget batches whose order is a function of (seed, epoch)
task, loss, schedule   what is minimised, and how fast
checkpointing, progress   what is kept on disk and what is said while it runs
validation, release   decode and score; choose the weights and write the model directory
"""
