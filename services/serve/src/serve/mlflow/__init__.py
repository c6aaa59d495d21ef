"""The protocol of MLflow's scoring server, which SageMaker's containers speak, too."""
