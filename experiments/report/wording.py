"""How figures stand in sentences and tables, of the report and of the studies' READMEs."""


def unit_after(claim):
    return {"x": "x", "": ""}.get(claim["unit"], " " + claim["unit"])


def shown(claim):
    if claim["ours"] is None:
        return claim["verdict"]
    return f"{claim['ours']:.4g}{unit_after(claim)}"


def interval(claim):
    if claim.get("low") is None:
        return "-"
    return f"{claim['low']:.3g} .. {claim['high']:.3g}"


class InWords(str):
    """A claim's figure in a sentence: {0} is "1.07" (times), "12.5 ms", "3.2 %"; {0:range} its range."""

    def __new__(cls, claim):
        text = f"({claim['verdict']})" if claim["ours"] is None else f"{claim['ours']:.3g}{'' if claim['unit'] == 'x' else unit_after(claim)}"
        word = super().__new__(cls, text)
        word.claim = claim
        return word

    def __format__(self, spec):
        if spec != "range":
            return super().__format__(spec)
        if self.claim.get("low") is None:
            return str(self)
        return f"{self.claim['low']:.3g} to {self.claim['high']:.3g}{'' if self.claim['unit'] == 'x' else unit_after(self.claim)}"


def answer_of(study):
    return study["answer"].format(*[InWords(claim) for claim in study["claims"]])


def sensitivity_of(study):
    return study["sensitivity"].format(*[InWords(claim) for claim in study["claims"]])
