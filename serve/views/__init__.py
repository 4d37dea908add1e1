"""The interactive drawings of the page, each a Gradio component with a value of plain data.

    PairView        source and target in place; a word highlights its links        pair_data
    AttentionView   maps of every layer and head: matrix, ribbons, overview        attention_data
    TreeView        the tree of a beam search                                      tree_data
    CandidatesView  the most probable tokens of each step, to be clicked           candidates_data
    StepView        one query step by step: score, scale, mask, softmax, sum       step_data
    page            any of them as an HTML file of its own                         standalone_page

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
