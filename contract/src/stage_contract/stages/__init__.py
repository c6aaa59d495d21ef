"""Running a stage: its definition, its settings, why it runs, and its gate."""
