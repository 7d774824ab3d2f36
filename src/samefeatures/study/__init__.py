"""The N x N study: config, inputs, stages, results."""
