"""A trained model for others: adapter and base merged into one plain folder, and a folder pushed to the hub."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from planlearn import __version__
from planlearn.chains import ChainStyle, problem_prompt
from planlearn.errors import PlanlearnError
from planlearn.files import whole_folder
from planlearn.models.fetch import RECORD
from planlearn.models.load import ADAPTER_CONFIG, LoadedModel, quiet_transformers
from planlearn.models.presets import PRESETS
from planlearn.models.trained import load_trained, trained_recipe
from planlearn.problems import domain_names, domain_text
from planlearn.recipes import DEFAULT_DOMAIN
from val_bridge import read_task

CARRIED = ("recipe.yaml", "planbench.json", "validation.json", "training.json")
"""What of a training run goes along, where it is there: the recipe, which says how the model is asked, and what was measured."""

KEPT_BACK = (".*", "*.part", "checkpoint-*", "**/checkpoint-*", "**/.*", "optimizer.pt", "*.log")
"""What is never pushed: hidden files, torn ones, states of training."""

_BLOCKS = "(define (problem p) (:domain {}) (:objects a b) (:init (handempty) (ontable a) (ontable b) (clear a) (clear b)) (:goal (on a b)))"


class HubError(PlanlearnError):
    """The hub cannot be reached, does not let us, or holds something already."""


def export_merged(folder: Path, out: Path, *, model: str | None = None, force: bool = False) -> Path:
    """Write a model that transformers loads without peft: weights, tokenizer, generation settings, card; gives `out`.

    folder: an adapter's, or a whole model's. model: the adapter's base, where its folder does not say it. The weights are float32 and the
    greedy answers those of the adapter on its base.
    Raises ResultExists where `out` is there, unless forced; what `load_trained` raises; DiskFull.
    """
    from transformers import GenerationConfig

    with whole_folder(out, force=force) as work:
        loaded, style, about = load_trained(folder, model)
        ends = loaded.model.generation_config.eos_token_id
        tokenizer = loaded.tokenizer
        # Nothing but the ids: no temperature, no penalty that would make greedy decoding less than plain.
        loaded.model.generation_config = GenerationConfig(
            bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id if ends is None else ends,
            pad_token_id=tokenizer.pad_token_id, do_sample=False,
        )
        loaded.model.config._name_or_path = ""  # it would tell a folder of this machine
        with quiet_transformers():
            loaded.model.save_pretrained(work)
            tokenizer.save_pretrained(work)
        for name in CARRIED:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, work / name)
        (work / "README.md").write_text(_card(folder, out.name, loaded, style, about), encoding="utf-8")
    return out


def _card(folder: Path, name: str, loaded: LoadedModel, style: ChainStyle, about: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    preset = loaded.preset
    # A preset's name is ours and no hub id, a folder's name nobody's; only a hub id can be linked.
    hub_id = about["model"] if loaded.adapter is not None and preset is None and about["model"].count("/") == 1 else ""
    licence = preset.licence.lower() if preset is not None and preset.source is not None else ""
    said = [("base", f"{about['model']}{f' ({preset.summary})' if preset is not None else ''}")] if loaded.adapter is not None else []
    said += [(key.replace("_", " "), about[key]) for key in ("adapter", "adapter_sha256", "model_sha256") if key in about]
    said += [("base weights sha256", loaded.base_hash)] if loaded.adapter is not None else []
    domain = trained_recipe(folder).get("domain", "")
    return environment.get_template("model_card.md.jinja").render(
        name=name, version=__version__, base_model=hub_id, licence=licence, about=said, style=style, domain=domain,
        prompt=_example_prompt(domain, style).rstrip("\n"), results=_measured(folder),
    )


def _example_prompt(domain: str, style: ChainStyle) -> str:
    """Of two blocks; for a domain without blocks it shows the format alone."""
    blocks = domain if domain in domain_names() and "blocks" in domain and "mystery" not in domain else DEFAULT_DOMAIN
    text = domain_text(blocks)
    return problem_prompt(read_task(text, _BLOCKS.format("blocksworld-4ops")), style)


def _measured(folder: Path) -> list[dict[str, Any]]:
    """Plan validity of the arm greedy in the results that lie beside an adapter; files of other shapes are passed over."""
    rows = []
    for name in ("planbench.json", "validation.json"):
        try:
            results = json.loads((folder / name).read_text(encoding="utf-8"))["results"]
            for domain, arms in results.items():
                rows.append({"file": name, "domain": domain} | {key: arms["greedy"]["plan_validity"][key] for key in ("value", "low", "high", "n")})
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return rows


def push_folder(
    folder: Path, repo: str, *, kind: str | None = None, private: bool = True, force: bool = False, api: Any = None,
) -> str:
    """Upload a folder to the hub as one commit; gives the address. The token comes from the environment (HF_TOKEN) or from `hf auth login`.

    kind: "model" or "dataset"; by default what the folder holds. force: into a repository that is there. api: for tests.
    Raises HubError in one sentence: for an id that is none, a folder that nobody could use, a repository that is there, a missing or
    refused token, a hub that cannot be reached.
    """
    kind = kind or _kind(folder)
    _refuse_private_paths(folder)
    # huggingface_hub tries again for minutes where a name does not resolve; one sentence is better.
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

    api = api if api is not None else HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    where = getattr(api, "endpoint", "the hub")
    try:
        if api.token is None and _stored_token() is None:
            raise HubError("there is no token for the hub: set HF_TOKEN, or log in with `hf auth login`")
        if not force and api.repo_exists(repo, repo_type=kind):
            raise HubError(f"{repo} is on the hub already; force it to upload into it")
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=force)
        api.upload_folder(
            repo_id=repo, repo_type=kind, folder_path=folder, commit_message=f"{folder.name}, exported by planlearn {__version__}",
            ignore_patterns=list(KEPT_BACK),
        )
    except HFValidationError as error:
        raise HubError(f"{repo!r} is no id of a repository (owner/name): {_line(error)}") from None
    except LocalTokenNotFoundError:
        raise HubError("there is no token for the hub: set HF_TOKEN, or log in with `hf auth login`") from None
    except OfflineModeIsEnabled:
        raise HubError("HF_HUB_OFFLINE is set; unset it to push") from None
    except HfHubHTTPError as error:
        raise HubError(f"{where} refused {repo}: {_line(error)}") from None
    except Exception as error:
        if not _unreachable(error):
            raise
        raise HubError(f"{where} cannot be reached ({_line(error)}); nothing was pushed") from None
    return f"{where}/{'datasets/' if kind == 'dataset' else ''}{repo}"


def _stored_token() -> str | None:
    from huggingface_hub import get_token

    return get_token()


def _unreachable(error: Exception) -> bool:
    """Whatever the release's HTTP library is called: its errors of transport, or the system's."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, OSError) or bool(names & {"TransportError", "ConnectError", "TimeoutException", "RequestError"})


def _line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _kind(folder: Path) -> str:
    if (folder / "config.json").exists() or (folder / ADAPTER_CONFIG).exists():
        if not list(folder.glob("*.safetensors")):
            raise HubError(f"{folder} holds a model's settings but no weights (*.safetensors)")
        return "model"
    if any(list(folder.glob(pattern)) for pattern in ("*.jsonl", "*.parquet", "dataset_dict.json")):
        return "dataset"
    raise HubError(f"{folder} holds neither a model (config.json, adapter_config.json) nor a data set (*.jsonl, *.parquet)")


def _refuse_private_paths(folder: Path) -> None:
    """An adapter that names its base by a folder of this machine helps nobody, and tells it to everybody."""
    for name, key in ((ADAPTER_CONFIG, "base_model_name_or_path"), (RECORD, "base")):
        try:
            base = json.loads((folder / name).read_text(encoding="utf-8")).get(key)
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(base, str) and base not in PRESETS and Path(base).is_absolute():
            raise HubError(
                f"{folder / name} names its base model by a folder of this machine ({base}); export it merged, or name the base's hub id there"
            )
