"""The Open Inference Protocol, version 2, over HTTP: that of KServe and Triton."""
