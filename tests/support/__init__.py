"""What the tests on containers and processes share: pipelines, images, tables, ways to wait."""
