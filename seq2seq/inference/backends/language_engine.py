"""The search of a language model on CTranslate2: greedy and sampled continuations, torch for all else.

    prompts (ids) ─> those that the engine can continue ─> continuations that keep the options
                 └─> all others ──────────────────────────> torch <──── all others

The engine tells the log-probability of each token as it writes it; later it could not, of a text that is
longer than the context. A beam is searched by torch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from seq2seq.config import BOS, EOS, PAD, UNK
from seq2seq.inference.backends.engine import NEVER, CTranslate2Engine, LoadedEngine, sampling_arguments
from seq2seq.inference.backends.expressible import option_against
from seq2seq.inference.completion import length_limit
from seq2seq.model.language_model import LanguageModel
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled, Hypothesis, Step
from seq2seq.search.types import make_hypothesis

Rest = Callable[[list[int]], list[list[Hypothesis]]]  # numbers of prompts -> their continuations


class CTranslate2LanguageEngine(CTranslate2Engine):
    """The search of one language model on CTranslate2."""

    model: LanguageModel

    def complete(
        self,
        prompts: Sequence[Sequence[int]],
        options: DecodeOptions,
        prefix: Sequence[int],
        cancelled: Cancelled | None,
        torch_search: Rest,
    ) -> list[list[Hypothesis]]:
        """Return the continuations of each prompt; `torch_search` finds those of the others."""
        found: dict[int, list[Hypothesis]] = {}
        loaded = self._loaded_for(options, prefix)
        for rows in self._groups(prompts, options) if loaded else ():
            results = self._continue(loaded, [prompts[row] for row in rows], rows, options, cancelled)
            found |= {row: own for row, own in zip(rows, results, strict=True) if own is not None}
        rest = [row for row in range(len(prompts)) if row not in found]
        if rest:
            found |= zip(rest, torch_search(rest), strict=True)
        return [found[row] for row in range(len(prompts))]

    def stream_prompt(
        self, prompt: Sequence[int], options: DecodeOptions, prefix: Sequence[int]
    ) -> Iterator[Step] | None:
        """Return the steps of greedy search or sampling after a prompt; None where torch must search."""
        loaded = self._loaded_for(replace(options, beam_size=1), prefix)  # a stream has no beam
        if loaded is None or not self._fits(prompt, options):
            return None
        return self._continued_steps(loaded, prompt, options)

    def _continued_steps(
        self, loaded: LoadedEngine, prompt: Sequence[int], options: DecodeOptions
    ) -> Iterator[Step]:
        limit = length_limit(options)
        has_no_end = options.min_length >= limit
        steps = loaded.engine.generate_tokens(
            self._read(prompt),
            max_length=limit,
            min_length=min(options.min_length, limit),
            disable_unk=options.disable_unk,
            suppress_sequences=[*NEVER, ["</s>"]] if has_no_end else NEVER,
            return_log_prob=True,
            **sampling_arguments(options),
        )
        for step in steps:
            if step.token_id != EOS:
                yield Step(step.token_id, step.log_prob)

    def _loaded_for(self, options: DecodeOptions, prefix: Sequence[int]) -> LoadedEngine | None:
        """Return the engine where it has these options."""
        # A minimum that is the limit is that of a model whose texts have no end.
        minimum = 1 if options.min_length >= length_limit(options) else options.min_length
        if prefix or options.search_kind == "beam" or options.num_hypotheses > 1:
            return None
        return None if option_against(replace(options, min_length=minimum)) else self.ready()

    def _fits(self, prompt: Sequence[int], options: DecodeOptions) -> bool:
        """Return whether the engine has positions for a prompt and its continuation."""
        return self.model.rolls or len(prompt) + length_limit(options) <= self.model.config.max_length

    def _groups(self, prompts: Sequence[Sequence[int]], options: DecodeOptions) -> list[list[int]]:
        """Return the numbers of the prompts of each length, which the engine reads at once."""
        groups: dict[int, list[int]] = {}
        for row, prompt in enumerate(prompts):
            if self._fits(prompt, options):
                groups.setdefault(len(self._read(prompt)), []).append(row)
        return list(groups.values())

    def _read(self, prompt: Sequence[int]) -> list[str]:
        """Return the newest tokens of a prompt, as many as the context has."""
        return self._named(prompt[-self.model.config.max_length :])

    def _continue(
        self,
        loaded: LoadedEngine | None,
        prompts: Sequence[Sequence[int]],
        rows: Sequence[int],
        options: DecodeOptions,
        cancelled: Cancelled | None,
    ) -> list[list[Hypothesis] | None]:
        """Return the continuation of each prompt, none of a cancelled one; None where torch must search."""
        assert loaded is not None
        limit = length_limit(options)
        values: list[list[float]] = [[] for _ in prompts]

        def observe(step: Any) -> bool:
            values[step.batch_id].append(step.log_prob)
            return cancelled is not None and cancelled(rows[step.batch_id])

        results = loaded.engine.generate_batch(
            [self._read(prompt) for prompt in prompts],
            max_length=limit,
            min_length=0,
            include_prompt_in_result=False,
            return_end_token=True,
            return_scores=True,  # without them a step has no log-probability
            callback=observe,
            **sampling_arguments(options),
        )
        found: list[list[Hypothesis] | None] = []
        for row, result, own in zip(rows, results, values, strict=True):
            if cancelled is not None and cancelled(row):
                found.append([])
            else:
                found.append(self._checked(result.sequences_ids[0], own, options))
        return found

    def _checked(self, ids: list[int], own: list[float], options: DecodeOptions) -> list[Hypothesis] | None:
        """Return a result as a hypothesis; None where our search would not have found it."""
        limit = length_limit(options)
        tokens = ids[:-1] if ids[-1:] == [EOS] else ids
        forbidden = {PAD, BOS, EOS, UNK} if options.disable_unk else {PAD, BOS, EOS}
        is_whole = len(ids) == limit or len(tokens) < len(ids)
        if (
            not is_whole
            or len(own) != len(ids)
            or len(tokens) < options.min_length
            or forbidden & set(tokens)
        ):
            return None
        return [make_hypothesis(ids, own, limit, options.length_penalty)]
