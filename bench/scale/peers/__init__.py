"""The same work in other engines; each module runs in the environment `bench`."""
