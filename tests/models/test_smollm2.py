"""The default model, converted: only where the cache holds it, since tests use no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planlearn.corpus.build import build_corpus
from planlearn.learn.tokens import IGNORED, tokenize
from planlearn.learn.train import read_rows
from planlearn.evaluate import Prompt, Stop
from planlearn.models import PRESETS, LoadedModel, generate, is_fetched, load_model
from planlearn.problems import DOMAINS
from planlearn.recipes import find_recipe, load_recipe
from tests.conftest import Need

PRESET = PRESETS["smollm2-135m"]


@pytest.fixture(scope="module")
def smollm2(need: Need) -> LoadedModel:
    if not is_fetched(PRESET):
        need("smollm2", "it is not in the cache; `make fetch-model` fetches it")
    return load_model(PRESET.name, download=False, device="cpu")


def test_the_converted_weights_are_the_ones_that_were_tested(smollm2: LoadedModel) -> None:
    assert smollm2.base_hash == "f4d941b9bf782e21317f5e2623cb52dfd39b32272c2fc9a509f4db221591f468"
    assert smollm2.model.num_parameters() == 134_515_008


def test_the_record_speaks_of_the_weights_beside_it(smollm2: LoadedModel) -> None:
    from planlearn.models import fetch, weights_hash

    folder = fetch(PRESET)
    record = json.loads((folder / "planlearn.json").read_text())
    assert record["weights_sha256"] == smollm2.base_hash == weights_hash(folder)


def test_padding_is_not_the_end_mark(smollm2: LoadedModel) -> None:
    tokenizer, config = smollm2.tokenizer, smollm2.model.config
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (1, 2, 0)
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 0)
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.model_max_length == config.max_position_embeddings == 8192


def test_its_settings_hold_no_surprise_for_greedy_decoding(smollm2: LoadedModel) -> None:
    settings = smollm2.model.generation_config.to_diff_dict()
    assert settings.keys() - {"transformers_version"} == {"bos_token_id", "eos_token_id", "pad_token_id"}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("(unstack a c)", ["(", "un", "stack", "Ġa", "Ġc", ")"]),
        ("at p12 l0-1\n\n", ["at", "Ġp", "1", "2", "Ġl", "0", "-", "1", "ĊĊ"]),
        ("3  12", ["3", "ĠĠ", "1", "2"]),
    ],
)
def test_the_tokenizer_splits_as_the_original_does(
    smollm2: LoadedModel, text: str, pieces: list[str]
) -> None:
    """Digits stand alone, and no mark is added in front."""
    ids = smollm2.tokenizer(text)["input_ids"]
    assert smollm2.tokenizer.convert_ids_to_tokens(ids) == pieces
    assert smollm2.tokenizer.decode(ids) == text


def test_it_answers_in_a_batch_as_alone(smollm2: LoadedModel) -> None:
    """Three chats of different lengths; one of the answers shows that the weights are whole."""
    questions = ["What is the capital of France?", "2+2=?", "Name three colours, please, and say why."]
    texts = [
        smollm2.tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
        for question in questions
    ]
    prompts = [Prompt(id=str(number), text=text) for number, text in enumerate(texts)]
    answers = {answer.id: answer for answer in generate(smollm2, prompts, max_tokens=12, batch_size=2)}
    assert answers["0"].text == "The capital of France is Paris." and answers["0"].stop is Stop.END
    for prompt in prompts:
        encoded = smollm2.tokenizer(prompt.text, return_tensors="pt")
        written = smollm2.model.generate(**encoded, do_sample=False, max_new_tokens=12)
        ids = written[0, encoded["input_ids"].shape[1] :].tolist()
        assert answers[prompt.id].tokens == len(ids)
        assert answers[prompt.id].text == smollm2.tokenizer.decode([token for token in ids if token != 2])


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_the_longest_examples_of_its_recipes_fit(smollm2: LoadedModel, domain: str, tmp_path: Path) -> None:
    """The last stage's, with room to spare: the training limit for the whole, the answer's cap for what is answered."""
    path = find_recipe(domain, PRESET.name)
    stages = [stage.model_dump() for stage in load_recipe(path).corpus.stages[-1:]]
    recipe = load_recipe(path, ["examples=100", "validation=1", "test=1", f"corpus.stages={json.dumps(stages)}"])
    build_corpus(tmp_path / "corpus", domain, 0, recipe.corpus, lambda *_: None)
    examples = tokenize(read_rows(tmp_path / "corpus" / "train.jsonl"), smollm2.tokenizer, recipe.max_length)
    assert len(examples) == 100
    assert max(len(example.input_ids) for example in examples) < 0.9 * recipe.max_length
    answers = [sum(label != IGNORED for label in example.labels) for example in examples]
    assert max(answers) < 0.9 * recipe.evaluation.max_tokens


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_the_carried_recipes_examples_fit_its_tokens(smollm2: LoadedModel, domain: str) -> None:
    """Those to be mended hold two chains; too long a one would end the run behind its corpus."""
    from planlearn.corpus.build import ProblemSource, _mended_example, style_of
    from collections import Counter

    recipe = load_recipe(find_recipe(domain, ""))
    source = ProblemSource(domain, 1, "train", fresh_classes=False)
    last = recipe.corpus.stages[-1]
    rows = [
        _mended_example(source.draw(index, last.sizes, last.max_steps), domain, 1, style_of(recipe.corpus), Counter()).to_row()
        for index in range(60)
    ]
    assert sum(row["kind"] == "mend" for row in rows) > 10
    longest = max(len(one.input_ids) for one in tokenize(rows, smollm2.tokenizer, recipe.max_length))
    assert longest <= recipe.max_length <= 8192


def test_segments_of_lessons_end_where_tokens_do(smollm2: LoadedModel) -> None:
    """Byte pairs could join the end of one segment to the beginning of the next; a weight would then reach over."""
    from planlearn.corpus.judge import VERDICTS
    from planlearn.learn.lessons import lesson_tokens
    from planlearn.models import first_tokens
    from planlearn.refine import LessonMaker, Stage, Weighing
    from tests.refine.conftest import BLOCKS, STYLE, right
    from planlearn.problems import domain_text
    from planlearn.refine import Problem, judge_attempt
    from planlearn.evaluate import Completion
    from val_bridge import execute, read_task

    task = read_task(domain_text("blocksworld"), BLOCKS)
    problem = Problem(id="p", domain="blocksworld", size="3", problem_class="k", problem_pddl=BLOCKS, task=task)
    done = Completion(id="p#0", text=right(problem), stop=Stop.END, prompt_tokens=1, tokens=1, seconds=0.0)
    attempt, maker, weighing = judge_attempt(task, "p", 0, done), LessonMaker(STYLE, "detailed", Weighing(), 0), Weighing()
    from planlearn.refine.lessons import own_actions

    fresh = maker.fresh(problem, "p", execute(task, own_actions(task, attempt)), 2, 3.0)
    for taught in (fresh, maker.judge(problem, "p", attempt)):
        for stage in Stage:
            lesson = taught.in_stage(stage, weighing)
            (one,) = lesson_tokens([lesson], smollm2.tokenizer, 4000)
            for weight in {w for w in lesson.weights if w}:
                wanted = "".join(s.text for s, w in zip(lesson.example.segments, lesson.weights, strict=True) if w == weight)
                kept = [t for t, w in zip(one.input_ids[:-1], one.weights[:-1], strict=True) if w == weight]
                assert smollm2.tokenizer.decode(kept) == wanted
    assert len(set(first_tokens(smollm2.tokenizer, VERDICTS))) == 2


def test_the_verdicts_probability_is_that_of_its_first_token(smollm2: LoadedModel) -> None:
    """INVALID is IN and VALID here: the second of them is not the other word."""
    import torch

    from planlearn.corpus.judge import VERDICTS

    tokenizer = smollm2.tokenizer
    assert [tokenizer.convert_ids_to_tokens(tokenizer(word)["input_ids"]) for word in VERDICTS] == [["VALID"], ["IN", "VALID"]]
    text = "Is 2+2=5 right? Answer with VALID or INVALID.\nJudgement:\n"
    lines = {word: [word] for word in VERDICTS} | {"behind": ["goals on a b", "INVALID goal: on a b"], "none": ["it is VALID"]}
    prompts = [
        Prompt(id=name, text=text, words=VERDICTS, mask=lambda said, own=own: [(own + [""])[said.count("\n")]]) for name, own in lines.items()
    ]
    found = {one.id: one for one in generate(smollm2, prompts, max_tokens=20, batch_size=4)}
    assert {name: one.text for name, one in found.items()} == {name: "".join(f"{line}\n" for line in own) for name, own in lines.items()}
    first = [tokenizer(word)["input_ids"][0] for word in VERDICTS]
    for name, before in (("VALID", ""), ("INVALID", ""), ("behind", "goals on a b\n")):
        with torch.no_grad():
            logits = smollm2.model(input_ids=torch.tensor([tokenizer(text + before)["input_ids"]])).logits[0, -1]
        assert found[name].probability == pytest.approx(float(torch.softmax(logits[first].double(), -1)[0]), abs=1e-4), name
    assert found["VALID"].probability == pytest.approx(found["INVALID"].probability, abs=1e-6)
    assert found["none"].probability is None
