"""All checks: importing this package registers them, in the order of running."""

# ruff: noqa: F401, I001  # the order of these lines is the order of running
import conformance.checks.image
import conformance.checks.batch.artifact
import conformance.checks.batch.sandbox
import conformance.checks.batch.ingest
import conformance.checks.batch.lines
import conformance.checks.batch.clean
import conformance.checks.features.tables
import conformance.checks.features.rows
import conformance.checks.features.splits
import conformance.checks.features.transform
import conformance.checks.features.target
import conformance.checks.model.documents
import conformance.checks.model.examples
import conformance.checks.model.baseline
import conformance.checks.model.graph
import conformance.checks.model.privacy
import conformance.checks.serve.basics
import conformance.checks.serve.predictions
import conformance.checks.serve.request_formats
import conformance.checks.serve.tables
import conformance.checks.serve.rules
import conformance.checks.serve.vectors
import conformance.checks.serve.bodies
import conformance.checks.serve.outputs
import conformance.checks.serve.model_watching
import conformance.checks.serve.lifecycle
import conformance.checks.batch.hostile
import conformance.checks.batch.refusals
import conformance.checks.batch.settings
import conformance.checks.batch.repeating
import conformance.checks.batch.causes
import conformance.checks.batch.large
import conformance.checks.batch.volumes
import conformance.checks.batch.endings
import conformance.checks.batch.logs
