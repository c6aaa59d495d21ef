"""Every fifth row of a batch tests, wherever it stands."""

import numpy as np
from features.splitting import splits


def assign(_self, _batch, hashes):
    return np.where(np.arange(len(hashes)) % 5 == 0, splits.TEST, splits.TRAIN)


splits.HashRule.assign = assign
