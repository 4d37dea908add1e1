"""Training: `seq2seq train` (LightningCLI underneath) and `seq2seq synthesize`.

command, arguments, run    settings to a run, its folder
data/                      corpora, cleaning, vocabulary, batches as a function of (seed, epoch)
tasks/                     loss, schedule, guided alignment, validation
callbacks/                 checkpoints, moving average, signals, progress
export/                    choose the weights and the alignment head, write the model directory
initialization, pair_check the model of --init, and whether the pairs are what they should be
synthesis                  training pairs translated by a model
allocator                  freed memory kept for the next step
"""
