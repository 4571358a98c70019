"""Everything that `edgeprof_predictor` raises on purpose.

PredictorError
- ArchitectureError (ValueError)        a text or a choice that names no architecture of the space
- EncodingError (ValueError)            an array of the wrong shape, type or range
- SampleCountError (ValueError)         more architectures asked for than the space holds
- SpaceTooLargeError                    a space too large to enumerate
- UnknownSearchSpaceError (LookupError) a search space that is not there
- TableError (ValueError)               a table of latencies that cannot be used
- UnknownPlatformError (LookupError)    a platform that a table does not hold
- UnknownTaskError (LookupError)        a task that a table does not hold
- SameTaskError (ValueError)            a target task that is among its own sources
- ReferencesError (ValueError)          reference platforms that are not those needed, or a source that is the target
- SamplesError (ValueError)             measurements that cannot be used
- UnknownMethodError (LookupError)      a method of prediction that is not there
- BundleError                           a pre-trained predictor that is missing, damaged or too new
- ProfileError                          a profile that is missing, damaged or too new
- JournalError                          results, or the journal of a run, that cannot be written, read or continued
- SearchError (ValueError)              a search that cannot begin: a budget, a weight, a profile of another space
- TrainingError                         a network that the caller's function could not train
- NothingKeepsLimitError                a latency limit that no candidate is known to keep
- BackendError (LookupError)            a way to run in parallel that is not installed
- UnknownProxyError (LookupError)       a zero-cost proxy that is not there
- GraphError (ValueError)               a graph of operators that is damaged or out of bounds
- OperatorModelError                    an operator model that cannot be fitted, read, or asked for this graph
- ProxyError (ValueError)               a network or a batch whose zero-cost proxies cannot be computed
"""


class PredictorError(Exception):
    """Base of all errors of the predictor: what was wrong, the value, what to do."""


class ArchitectureError(PredictorError, ValueError):
    """A text, or a list of choices, names no architecture of the search space."""


class EncodingError(PredictorError, ValueError):
    """An array has the wrong shape, type or range."""


class SampleCountError(PredictorError, ValueError):
    """More distinct architectures were asked for than there are."""


class SpaceTooLargeError(PredictorError):
    """A search space has too many architectures to walk through all of them."""


class UnknownSearchSpaceError(PredictorError, LookupError):
    """No search space has this name."""


class TableError(PredictorError, ValueError):
    """A table of latencies has wrong shapes, names or values."""


class UnknownPlatformError(PredictorError, LookupError):
    """A table holds no platform of this name."""


class UnknownTaskError(PredictorError, LookupError):
    """A table holds no task of this name."""


class SameTaskError(PredictorError, ValueError):
    """A target task is among its own sources."""


class ReferencesError(PredictorError, ValueError):
    """Reference platforms are not those that are needed, or a source is its own target."""


class SamplesError(PredictorError, ValueError):
    """Measurements of a platform have wrong shapes or values."""


class BundleError(PredictorError):
    """A pre-trained predictor is missing, damaged, or of another version."""


class ProfileError(PredictorError):
    """A profile is missing, damaged, or of another version."""


class UnknownMethodError(PredictorError, LookupError):
    """No method of prediction has this name."""


class JournalError(PredictorError):
    """Results cannot be written, or the journal of an unfinished run cannot be read or continued."""


class BackendError(PredictorError, LookupError):
    """A way to run in parallel is unknown or not installed."""


class SearchError(PredictorError, ValueError):
    """A search cannot begin: a budget or a weight is out of its range, or a profile is of another search space."""


class TrainingError(PredictorError):
    """The caller's function could not train a network; what was trained before is kept."""


class NothingKeepsLimitError(PredictorError):
    """No candidate is known to keep the latency limit."""


class UnknownProxyError(PredictorError, LookupError):
    """No zero-cost proxy has this name."""


class ProxyError(PredictorError, ValueError):
    """A network, or a batch for it, with which zero-cost proxies cannot be computed."""


class GraphError(PredictorError, ValueError):
    """A graph of operators is damaged, or a size in it is out of bounds."""


class OperatorModelError(PredictorError):
    """An operator model cannot be fitted to what was measured, cannot be read, or does not fit the graph."""
