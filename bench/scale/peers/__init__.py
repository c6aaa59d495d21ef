"""What other engines do with the same tables; each module runs in the environment `bench`."""
