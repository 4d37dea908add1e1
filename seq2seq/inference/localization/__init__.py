"""Localization: strings of programs with their rules, filled from a memory first and by a model then.

"_Save %s As…" -> "Save %s as" -> model -> "%s speichern unter" -> "%s _speichern unter…" -> rules checked
"""
