"""Learning: a corpus and a base model in, a trained adapter out.

Takes tokenized examples (`tokens`), and a subclass of TRL's `SFTTrainer` (`trainer`) whose loss is computed only where
there is a label, over the whole vocabulary, with LoRA's products fused (`kernels`). `train` runs it: resumable after
a kill, shortened by a cap of minutes, its adapter written without any path of the machine. Rejected: a training loop
of our own (TRL and accelerate carry distributed training, schedules and checkpoints), a reduced vocabulary (a fifth
faster, but such an adapter works in its own decoder only).
"""
