"""The living drawings of the page, each a Gradio component fed with plain data.

    PairView        source and target in place; a word lights up its counterparts    pair_data
    AttentionView   maps of every layer and head: matrix, ribbons, overview          attention_data
    TreeView        the tree that a beam search grew                                 tree_data
    CandidatesView  what each step could have written, to be clicked                 candidates_data
    StepView        one query step by step: score, scale, mask, softmax, mix         step_data
    page            any of them as one file of its own                               standalone_page

Their events carry plain data, too (`gr.EventData`): see each component.
"""

from .attention import AttentionView, MapSelection, attention_data
from .candidates import CandidatesView, StepCandidate, candidates_data
from .labels import LANGUAGES
from .page import standalone_page
from .pair import PairView, pair_data
from .step import StepView, step_data
from .tree import Node, TreeView, tree_data

__all__ = [
    "LANGUAGES",
    "AttentionView",
    "CandidatesView",
    "MapSelection",
    "Node",
    "PairView",
    "StepCandidate",
    "StepView",
    "TreeView",
    "attention_data",
    "candidates_data",
    "pair_data",
    "standalone_page",
    "step_data",
    "tree_data",
]
