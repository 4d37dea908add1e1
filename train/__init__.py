"""Training: `seq2seq train`, LightningCLI underneath.

command, run, stopping     one run: settings, folder, signals; fit, then the model directory
corpus, files              pairs of texts, from the hub or from files, cleaned
data, sampling, order      pairs -> token-budget batches, a function of (seed, epoch)
task, loss, schedule       what is minimised, and how fast
checkpointing, checkpoint_files, progress   what is kept on disk and what is said while it runs
validation, release, card  decode and score; choose the weights and write the model directory
memory                     keeps freed memory between steps
"""
