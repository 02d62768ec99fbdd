"""A learner that plays back what it is given: the loop runs whole without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from planlearn.corpus import Example
from planlearn.evaluate import Completion, Prompt, Stop
from planlearn.files import write_json
from planlearn.refine.learner import Fitted, Lesson, Posed


class ReplayLearner:
    """Answers by a function of (prompt, how often it was fitted); fitting counts, and that is all it learns.

    answer: the prompt and the number of finished fits -> the text. Its answers stop where a prompt's test says hopeless, as a
    model's do. interrupt: called with what is about to happen ("complete ID", "fit FOLDER", "fitted FOLDER"); may raise, as a
    kill would.
    """

    def __init__(self, answer: Callable[[Prompt, int], str], interrupt: Callable[[str], None] = lambda what: None) -> None:
        self.answer, self.interrupt = answer, interrupt
        self.fits = 0

    @property
    def weights(self) -> str:
        return hashlib.sha256(b"replay").hexdigest()

    @property
    def longest(self) -> int:
        return 100_000

    def length(self, example: Example) -> int:
        return len(example.prompt.split()) + len(example.completion.split()) + 1

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float = 0.0, seed: int = 0
    ) -> Iterable[Completion]:
        for prompt in prompts:
            self.interrupt(f"complete {prompt.id}")
            text, stop, reason = self.answer(prompt, self.fits), Stop.END, ""
            ends = [number + 1 for number, letter in enumerate(text) if letter == "\n"]
            for end in ends if prompt.hopeless else ():
                said = prompt.hopeless(text[:end])
                if said is not None:
                    text, stop, reason = text[:end], Stop.HOPELESS, said
                    break
            yield Completion(
                id=prompt.id, text=text, stop=stop, reason=reason, prompt_tokens=len(prompt.text.split()),
                tokens=len(text.split()), seconds=0.0,
            )

    def fit(
        self, lessons: Sequence[Lesson], *, rate: float, falls_to: float = 0.0, seed: int, folder: Path, what: str = "fit"
    ) -> Fitted:
        report = folder / "fitted.json"
        if not report.exists():
            self.interrupt(f"fit {folder.name}")
            fitted = Fitted(
                lessons=len(lessons), tokens=sum(self.length(lesson.example) for lesson in lessons), learned=len(lessons),
                losses={"likelihood": rate}, seconds=0.0,
            )
            write_json(report, {"fits": self.fits + 1, **fitted.to_dict()})
            self.interrupt(f"fitted {folder.name}")
        return self._fitted(folder)

    def reinforce(
        self, problems: Sequence[Posed], *, rate: float, falls_to: float = 0.0, seed: int, folder: Path, what: str = "reinforce"
    ) -> Fitted:
        """Answers once and is rewarded; it learns as from `fit`."""
        report = folder / "fitted.json"
        if not report.exists():
            self.interrupt(f"reinforce {folder.name}")
            rewards = [one.reward(self.answer(Prompt(id=one.id, text=one.prompt), self.fits)) for one in problems]
            fitted = Fitted(
                lessons=len(rewards), tokens=len(rewards), learned=len(rewards), losses={"reward": sum(rewards) / len(rewards), "policy": rate},
                seconds=0.0,
            )
            write_json(report, {"fits": self.fits + 1, **fitted.to_dict()})
        return self._fitted(folder)

    def _fitted(self, folder: Path) -> Fitted:
        self.load(folder)
        found = json.loads((folder / "fitted.json").read_text(encoding="utf-8"))
        return Fitted(**{key: value for key, value in found.items() if key != "fits"})

    def load(self, folder: Path) -> None:
        self.fits = json.loads((folder / "fitted.json").read_text(encoding="utf-8"))["fits"]
