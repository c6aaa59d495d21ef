"""Inputs for a stage: the houses of the example, changed, as artifacts of its input's kind."""

from conformance.inputs.houses import Houses, houses
from conformance.inputs.material import Material, material

__all__ = ["Houses", "Material", "houses", "material"]
