"""What is predicted and measured: configurations (cells), interventions, and the gates that judge them.

Threads never outnumber two cores. The first two cells are configurations that calibration has seen (in other launches); the others
differ from them in what their names say.
"""
from dataclasses import dataclass

GENERATE = 8
SHORT_PROMPT = tuple(range(1000, 1004))
LONG_PROMPT = tuple(range(1000, 1200))
BASE = "seen-static-2w"  # that interventions change
CALIBRATION = [BASE, "seen-static-1w"]


# Where workers take what is there next, a launch's placement is one draw of many.
FREE_PLACEMENT = ("jit", "hybrid")


@dataclass(frozen=True)
class Cell:
    name: str
    group: str  # seen, unseen, model or intervention
    workers: int
    shape: tuple = ("--partition", "mpk")  # flags of compile
    policy: tuple = ("--policy", "static")
    model: str = "smollm2-135m"
    prompt: tuple = SHORT_PROMPT
    inject: str = ""

    def graph(self):
        return [self.model, *self.shape, "--partition-workers", "2"]

    def places_freely(self):
        return self.policy[1] in FREE_PLACEMENT

    def _common(self):
        return [*self.graph(), *self.policy, "--workers", str(self.workers), *(("--inject", self.inject) if self.inject else ())]

    def run(self, trace):
        ids = ",".join(map(str, self.prompt))
        return ["run", *self._common(), "--weights", "synthetic", "--prompt", ids, "--generate", str(GENERATE), "-o", trace]

    def simulate(self, machine, seed):
        return ["simulate", *self._common(), "--machine", machine, "--seed", str(seed), "--prompt-tokens", str(len(self.prompt)),
                "--generate", str(GENERATE)]


BALANCED = ("--partition", "balanced")
CELLS = [
    Cell("seen-static-2w", "seen", 2),
    Cell("seen-static-1w", "seen", 1),
    Cell("partition-balanced", "unseen", 2, shape=BALANCED),
    Cell("granularity-operator", "unseen", 2, shape=("--partition", "mpk", "--events", "operator")),
    Cell("placement-swizzle", "unseen", 2, policy=("--policy", "static", "--placement", "swizzle")),
    Cell("policy-aot-1w1s", "unseen", 1, policy=("--policy", "aot", "--schedulers", "1")),
    Cell("policy-jit-2w0s", "unseen", 2, shape=BALANCED, policy=("--policy", "jit", "--schedulers", "0")),
    Cell("policy-hybrid-1w1s", "unseen", 1, shape=BALANCED, policy=("--policy", "hybrid", "--schedulers", "1")),
    Cell("context-200", "unseen", 2, shape=(*BALANCED, "--batch-tokens", "8"), prompt=LONG_PROMPT),
    Cell("model-qwen3-0.6b", "model", 2, shape=BALANCED, model="qwen3-0.6b"),
    Cell("notify-1us", "intervention", 2, inject="notify_delay_us=1"),
    Cell("notify-2us", "intervention", 2, inject="notify_delay_us=2"),
    Cell("notify-5us", "intervention", 2, inject="notify_delay_us=5"),
    Cell("slow-worker-20", "intervention", 2, inject="slow_worker=0:1.2"),
]
BY_NAME = {cell.name: cell for cell in CELLS}

# Changes against BASE: disturbances, and the cells that toggle granularity, partition and placement.
INTERVENTIONS = [c.name for c in CELLS if c.group == "intervention"] + ["granularity-operator", "partition-balanced", "placement-swizzle"]

# Also predicted with as many seeds: what a launch's draw of noise and placement alone does to a time, or to a change.
SPREAD_SEEDS = range(1, 31)
SEEDED = {BASE, *INTERVENTIONS, *(cell.name for cell in CELLS if cell.places_freely())}

GATES = {"seen": 0.05, "unseen": 0.08, "model": 0.12}  # upper end of the interval of the median's error, L1
RIVAL_SHARE = 0.5  # of the best rival's error, at most: of the best one of that cell, and of the best one for all cells
SLOPE = (0.8, 1.2)  # of measured over predicted change
