"""Fidelity: what is not language comes back as it was sent.

Each stage has a part before the model and a part after it, and is switched by one of the decoding options:

    wordless     a segment without words is its own translation
    markers      list markers belong to the line, not to its text; no full stop that the source lacks
    signs        emoji and other signs that the vocabulary lacks are copied to where the alignment puts them
    capitals     capitals are read in lower case and given back
    numbers      a translation that loses or invents a number is made again with the numbers required
"""
