"""Classifiers of Lu's table: XGBoost, and what it is set beside, all behind one function.

XGBoost is an extra, `boost`; nothing else of the product needs it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from reauth.errors import SettingsError
from reauth.trajectory import Bools, Floats

Judge = Callable[[Floats], Floats]
"""Gives (n,) scores of (n, d) features, above 0 for a person."""

Settings = Mapping[str, float]

PLAIN: Final[Settings] = {}
"""XGBoost as it comes: "before adjusting parameters"."""

TUNED: Final[Settings] = {
    "learning_rate": 0.3, "min_child_weight": 1.5, "gamma": 0.0, "max_depth": 4,
}  # fmt: skip
"""After adjusting parameters (Lu §6.3.2)."""

MISSING = -100.0
"""What stands for NaN where a classifier takes none (Lu §6.3)."""


def xgboost() -> Any:
    """Import the extra.

    Raises
    ------
    SettingsError
        If it is not installed.
    """
    try:
        import xgboost as found  # noqa: PLC0415 - an extra, and a second to import
    except ImportError:
        raise SettingsError("xgboost is missing: pip install 'reauth[boost]'") from None
    return found


def boosted(x: Floats, human: Bools, settings: Settings, seed: int) -> Any:
    """Give XGBoost's booster, fitted on (n, d) features; NaN goes where a tree learnt to send it.

    Raises
    ------
    SettingsError
        If xgboost is not installed.
    """
    estimator = xgboost().XGBClassifier(
        booster="gbtree", n_jobs=1, random_state=seed, **{**settings, **_whole(settings)}
    )
    return estimator.fit(x, human).get_booster()


def _whole(settings: Settings) -> dict[str, int]:
    return {name: int(value) for name, value in settings.items() if name == "max_depth"}


def learn_boosted(x: Floats, human: Bools, settings: Settings, seed: int) -> Judge:
    """Give what XGBoost, fitted, says of features: log-odds of a person.

    Raises
    ------
    SettingsError
        If xgboost is not installed.
    """
    booster = boosted(x, human, settings, seed)
    return lambda rows: np.asarray(
        booster.inplace_predict(rows, predict_type="margin"), dtype=np.float64
    )


def _gbdt(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415 - a second to import

    return GradientBoostingClassifier(random_state=seed)


def _svm(seed: int) -> Any:
    from sklearn.svm import SVC  # noqa: PLC0415 - a second to import

    return SVC(random_state=seed)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - a second to import

    return RandomForestClassifier(random_state=seed, n_jobs=1)


_OTHERS: Final[Mapping[str, Callable[[int], Any]]] = {
    "GBDT": _gbdt, "SVM": _svm, "random forest": _forest,
}  # fmt: skip

CLASSIFIERS: Final = (*_OTHERS, "XGBoost")
"""Rows of Lu's table 5, each with its library's own parameters."""


def learn(name: str, x: Floats, human: Bools, seed: int) -> Judge:
    """Fit one of `CLASSIFIERS` on (n, d) features with NaN in them.

    Raises
    ------
    SettingsError
        If xgboost is asked for and not installed.
    """
    if name not in _OTHERS:
        return learn_boosted(x, human, PLAIN, seed)
    fitted = _OTHERS[name](seed).fit(_filled(x), human)
    if hasattr(fitted, "decision_function"):
        return lambda rows: np.asarray(fitted.decision_function(_filled(rows)))
    return lambda rows: np.asarray(fitted.predict_proba(_filled(rows))[:, 1] - 0.5)


def _filled(x: Floats) -> Floats:
    return np.where(np.isfinite(x), x, MISSING)
