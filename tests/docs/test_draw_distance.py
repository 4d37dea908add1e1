"""Copying from far: the rivals are what they claim to be, attention learns the task, all is drawn."""

import draw_distance
import far_copy
import far_tasks
import pytest
import torch
from far_tasks import COPY, RECALL, TASKS, Task
from rivals import ConvolutionalModel, RecurrentModel


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_models_are_of_equal_size(task: Task) -> None:
    """The sizes of the models differ by less than a tenth."""
    sizes = [far_copy.parameters(far_copy.make(name, task)) for name in far_copy.MAKERS]
    assert max(sizes) / min(sizes) < 1.1


def test_symbols_lie_as_far_back_as_is_said() -> None:
    """Symbols stand at the beginning, then as many tokens of noise as the distance says."""
    symbols = range(far_tasks.FIRST, far_tasks.FIRST + far_tasks.SYMBOLS)
    source, kept = far_tasks.draw_copy(3, 16, torch.Generator().manual_seed(1))
    assert source.shape == (3, far_tasks.KEPT + 16 + 1)
    assert torch.equal(source[:, : far_tasks.KEPT], kept)
    assert all(symbol in symbols for symbol in kept.flatten().tolist())
    assert not set(source[:, far_tasks.KEPT :].flatten().tolist()) & set(symbols)


def test_a_question_asks_for_one_of_the_facts() -> None:
    """The source holds one value for each key, and the target is that of the key asked for."""
    source, wanted = far_tasks.draw_recall(5, 16, torch.Generator().manual_seed(1))
    keys = far_tasks.KEYS
    assert source.shape == (5, keys + 16 + 2)
    assert source.max() < RECALL.vocabulary
    questions = far_tasks.FIRST + far_tasks.SYMBOLS + far_tasks.NOISE
    facts = source[:, :keys] - questions - keys
    asked, values = source[:, -2] - questions, wanted[:, 0] - far_tasks.FIRST
    for row, key, value in zip(facts.tolist(), asked.tolist(), values.tolist(), strict=True):
        known = dict(divmod(fact, far_tasks.SYMBOLS) for fact in row)
        assert len(known) == keys
        assert known[key] == value


def test_near_comes_before_far() -> None:
    """Training starts with the nearest distance and ends with all."""
    generator = torch.Generator().manual_seed(1)

    def chosen(done: float) -> set[int]:
        return {far_copy.choose_distance(done, far_copy.DISTANCES, generator) for _ in range(300)}

    assert chosen(0.0) == chosen(0.3) == {16}
    assert max(chosen(0.5)) < 1024
    assert chosen(0.7) == chosen(1.0) == set(far_copy.DISTANCES)


def test_convolution_sees_its_receptive_field_and_no_further() -> None:
    """Tokens outside the receptive field change nothing; the first inside does."""
    torch.manual_seed(1)
    model = ConvolutionalModel(COPY.vocabulary, 8).eval()
    source = torch.randint(4, 20, (1, 60))
    target = torch.randint(4, 20, (1, 3))
    before = model(source, target)
    outside, inside = source.clone(), source.clone()
    outside[0, : -model.receptive_field] = 4
    inside[0, -model.receptive_field] = 23 - inside[0, -model.receptive_field]
    assert torch.equal(model(outside, target), before)
    assert not torch.equal(model(inside, target), before)


@pytest.mark.parametrize("make", [lambda: RecurrentModel(20, 8), lambda: ConvolutionalModel(20, 8)])
def test_rivals_do_not_look_ahead(make) -> None:
    """Later target tokens do not change earlier predictions."""
    torch.manual_seed(1)
    model, source, target = make().eval(), torch.randint(4, 20, (2, 30)), torch.randint(4, 20, (2, 4))
    changed = target.clone()
    changed[:, 2:] = 5
    torch.testing.assert_close(model(source, target)[:, :2], model(source, changed)[:, :2])


def test_attention_learns_what_convolution_cannot_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention copies from beyond the reach of a convolution of its size, which stays near chance."""
    monkeypatch.setattr(far_tasks, "KEPT", 1)
    monkeypatch.setattr(far_copy, "MOST_ROWS", 16)
    distance = 30  # the convolution reaches 25
    shares = {}
    for name in ("attention", "convolution"):
        model = far_copy.train(name, COPY, 1, 200, [distance])
        shares[name] = far_copy.accuracy(model, COPY, distance)
    assert shares["attention"] > 0.9
    assert shares["convolution"] < 0.35  # chance is 1 in 8


def test_finished_trainings_are_kept_and_drawn(tmp_path, monkeypatch: pytest.MonkeyPatch, texts_of) -> None:
    """A second run neither trains nor times again, and its result is drawn."""
    monkeypatch.setattr(far_copy, "MOST_ROWS", 2)
    monkeypatch.setattr(far_copy, "accuracy", lambda model, task, distance: 1 / distance)
    found = far_copy.measure(tmp_path, [1], updates=2, distances=(4, 8), rounds=3)
    monkeypatch.setattr(far_copy, "train", None)  # a second training or timing would fail
    monkeypatch.setattr(far_copy, "processor_seconds", None)
    assert far_copy.measure(tmp_path, [1], updates=2, distances=(4, 8), rounds=3) == found
    assert found["accuracy"]["recall"]["GRU"] == {"4": [0.25], "8": [0.125]}
    assert all(low <= middle <= high for low, middle, high in found["step_ratio"]["GRU"].values())
    shown = texts_of(draw_distance.figure(found))
    assert {"attention", "GRU", "convolution", "chance"} <= set(shown)
