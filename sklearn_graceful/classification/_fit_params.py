"""How fit parameters reach the learner, and a splitter, as in scikit-learn."""

import sklearn
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)


def fit_routing(owner, own, learner, splitter=None):
    """What ``fit`` of an estimator asks for, with metadata routing.

    Sample weights go through the estimator to its learner: those that it does not
    speak of itself are asked for where the learner asks for them.

    Parameters
    ----------
    owner : estimator
    own : MetadataRequest
        Of its own arguments.
    learner : estimator or None
        That its fit parameters go to.
    splitter : CV splitter, default=None
        That gets ``groups``.

    Returns
    -------
    router : MetadataRouter
    """
    router = MetadataRouter(owner=owner)
    if learner is not None:
        asked = get_routing_for_object(learner)
        if hasattr(asked, "fit") and "sample_weight" in asked.fit.requests:
            if own.fit.requests["sample_weight"] is None:
                weight = asked.fit.requests["sample_weight"]
                own.fit.add_request(param="sample_weight", alias=weight)
            asked.fit.add_request(param="sample_weight", alias=False)
        router.add(estimator=asked, method_mapping=_calling("fit"))
    if splitter is not None:
        router.add(splitter=splitter, method_mapping=_calling("split"))
    return router.add_self_request(own)


def route(owner, fit_params, of_splitter=()):
    """Split fit parameters into those of the learner's fit and those of the splitter.

    Without metadata routing the latter are known by name, as in scikit-learn's
    searches.

    Returns
    -------
    to_learner, to_splitter : dict
    """
    if not fit_params:
        return {}, {}
    if sklearn.get_config()["enable_metadata_routing"]:
        routed = process_routing(owner, "fit", **fit_params)
        to_splitter = routed["splitter"].split if "splitter" in routed else {}
        return routed["estimator"].fit if "estimator" in routed else {}, to_splitter
    parts = {True: {}, False: {}}
    for name, value in fit_params.items():
        parts[name in of_splitter][name] = value
    return parts[False], parts[True]


def _calling(method):
    return MethodMapping().add(caller="fit", callee=method)
