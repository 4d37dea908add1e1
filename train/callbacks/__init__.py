"""Lightning callbacks: checkpoints, progress, signals and the moving average."""
