"""An adapter as training leaves one."""

from pathlib import Path

from planlearn.models import load_model, write_adapter_record


def restless_adapter(base: Path, folder: Path) -> Path:
    """An adapter of `base`, written to `folder`, whose weights are far from zero."""
    import torch
    from peft import LoraConfig, get_peft_model

    loaded = load_model(base)
    adapted = get_peft_model(loaded.model, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear"))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weights in adapted.named_parameters():
            if "lora_" in name:
                weights.normal_(std=0.5, generator=generator)
    adapted.save_pretrained(folder)
    write_adapter_record(folder, loaded)
    return folder
