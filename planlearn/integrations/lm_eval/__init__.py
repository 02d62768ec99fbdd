"""Tasks for lm-evaluation-harness: planlearn_blocksworld, planlearn_logistics, planlearn_mystery_blocksworld, and these as `planlearn`; planlearn_depots.

    lm_eval run --model hf --model_args pretrained=FOLDER --tasks planlearn \\
        --include_path "$(python -c 'from planlearn.integrations import LM_EVAL_TASKS; print(LM_EVAL_TASKS)')"

Answers are generated greedily, without examples, and judged as `planlearn eval` judges them. `--metadata '{...}'` takes:

    problems   a carried set (`blocksworld-long`), a JSONL file of problems, or a folder with DOMAIN.jsonl; default: the carried set with
               the domain's name. Rows are those that `planlearn eval --instances` takes; rows of other domains are left out.
    ask        "planlearn" (default): the prompt that `planlearn eval` gives, for models that were taught our format; the answer is read
               strictly. "chat": the text that `planlearn eval` puts to any other model (domain and problem as PDDL,
               `planlearn.evaluate.prompts.plan_prompt`), to be used with `--apply_chat_template`; the plan is found in whatever
               it writes.
    style      of the prompt "planlearn": fields of `planlearn.chains.ChainStyle`, e.g. {"domain_in_prompt": false}.

Numbers: plan_validity and goal_reached over all answers but those on which the checker failed (checker_error is their share, 0 unless
planlearn has a defect), executable_prefix over the plans that could be read. The folder holds YAML and this package alone; the files
name functions of the installed planlearn, so it can be copied and changed.
"""
